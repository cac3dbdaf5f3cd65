"""The command: fast help, one-line mistakes, songs that are what was asked for."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

import generate
import metrics.pictures
from tests.commands import error_of, run_command
from utils import SAMPLE_RATE, STEMS, UserError

ROOT = Path(__file__).parent.parent
FILES = {*(f"{stem}.wav" for stem in STEMS), "mix.wav", "song.mid", "song.json"}


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    """A tiny model whose parts all count as trained."""
    import torch

    from models.harmonicflow import PARTS, HarmonicFlow
    from models.presets import tiny

    torch.manual_seed(0)
    model = HarmonicFlow(tiny())
    model.trained.update(PARTS)
    return model.save_pretrained(tmp_path_factory.mktemp("weights"), half=False)


@pytest.fixture
def run(monkeypatch, tmp_path, weights):
    """Runs the command on the tiny model, without pictures, and returns the new song folders."""
    monkeypatch.setattr(metrics.pictures, "save_song_picture", lambda *_: None)

    def call(*arguments: object) -> list[Path]:
        before = set(tmp_path.glob("out/*"))
        fixed = ["--checkpoint", weights, "--output_dir", tmp_path / "out", "--device", "cpu"]
        run_command(monkeypatch, generate.main, *fixed, "--steps", 1, *arguments)
        return sorted(set(tmp_path.glob("out/*")) - before)

    return call


def stem(folder: Path, name: str) -> np.ndarray:
    return soundfile.read(folder / f"{name}.wav", dtype="float32")[0]


@pytest.fixture
def song(tmp_path) -> Path:
    """A song folder of two seconds: four quiet tones."""
    folder, clock = tmp_path / "song", np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    folder.mkdir()
    for i, name in enumerate(STEMS):
        tone = 0.1 * np.sin(2 * np.pi * 110 * (i + 1) * clock)
        soundfile.write(folder / f"{name}.wav", tone, SAMPLE_RATE, subtype="PCM_24")
    return folder


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--tex", "jazz"], "did you mean '--text'"),
        (["--style", "99"], "3 jazz"),
        (["--emotion", "bored"], "2 calm"),
        (["--duration", "-3"], "from 1 to 3600"),
        (["--duration", "long"], "expected a number"),
        (["--chords", "Am H7"], "'H7' is not a chord"),
        (["--key", "K minor"], "is not a key"),
        (["--bpm", "0"], "from 20 to 400"),
        (["--programs", "bass=3"], "from 32 to 39"),
        (["--programs", "drums=3"], "drums have no program"),
        (["--programs", "violin=3"], "choose from: bass, drums, guitar, piano"),
        (["--density", "bass"], "expected bass=VALUE"),
        (["--guidance", "much"], "expected a number"),
        (["--inpaint", "8:4"], "START:END"),
        (["--inpaint", "1:2"], "add --song FOLDER"),
        (["--song", "x"], "--inpaint A:B or --variation"),
        (["--generate", "bass"], "add --given"),
        (["--given", "drums=nowhere.wav"], "'nowhere.wav' does not exist"),
        (["--given", "drums=d.wav", "--without", "drums"], "the drums is given"),
        (["--given", "drums=d.wav", "--continue_from", "x"], "not allowed with"),
        (["--plays", "bass", "--without", "bass"], "in both"),
        (["--perform", "x.mid", "--duration", "4"], "leave --duration out"),
        (["--continue_from", "nowhere"], "no song folder 'nowhere'"),
        (["--continue_from", __file__], "is not audio"),
        (["--audio", __file__], "is not audio"),
        (["--lead_sheet", "nowhere.json"], "nowhere.json"),
        (["--checkpoint", "nowhere.pt"], "no checkpoint at 'nowhere.pt'"),
        (["--output_dir", __file__], "is a file: choose a folder"),
        (["--steps", "0"], "from 1 to 1000"),
        (["--mix", "aut"], "did you mean 'auto'"),
        (["--mix", "nowhere.json"], "cannot read mix settings 'nowhere.json'"),
        (["--space", "studo"], "did you mean 'studio'"),
        (["--space", "nowhere.json"], "cannot read scene 'nowhere.json'"),
        (["--adapter", "nowhere.safetensors"], "no adapter at 'nowhere.safetensors'"),
        (["--adapter", "rock.safetensors=2"], "from 0 to 1"),
        (["--space_output", "5.1"], "add --space stage"),
        (["--space", "studio", "--space_output", "stero"], "choose from 'binaural', 'stereo'"),
    ],
)
def test_mistakes_are_one_line_that_says_what_to_do(monkeypatch, capsys, arguments, words):
    assert words in error_of(monkeypatch, capsys, generate.main, *arguments)


def test_a_song_is_a_folder_and_the_seed_repeats_it(run, capsys):
    asked = ("--text", "slow jazz", "--duration", 1.5, "--bpm", 92, "--chords", "Am F")
    (first,) = run(*asked, "--seed", 7)
    assert first.name == "slow-jazz-7"
    assert {p.name for p in first.iterdir()} == FILES | {"lead_sheet.json"}
    assert "92 bpm" in capsys.readouterr().out
    (again,) = run(*asked, "--seed", 7)
    assert again.name == "slow-jazz-7-2"
    (other,) = run(*asked, "--seed", 8)
    for name in STEMS:
        assert len(stem(first, name)) == round(1.5 * SAMPLE_RATE)
        assert (stem(first, name) == stem(again, name)).all()
    assert not (stem(first, "bass") == stem(other, "bass")).all()
    described = json.loads((first / "song.json").read_text())
    assert described["seed"] == 7 and described["settings"]["bpm"] == 92


def test_an_adapter_changes_the_notes_by_its_share(run, weights, tmp_path):
    from dataclasses import replace

    import torch

    from models.generative.genre_adapters import GenreAdapter, save_adapter
    from models.harmonicflow import HarmonicFlow

    composed = HarmonicFlow.from_pretrained(weights)
    composed.composer.transformer.out.weight.data.fill_(0.05)
    weights = composed.save_pretrained(tmp_path / "weights", half=False)
    adapter = GenreAdapter.beside(composed.composer, "rock").requires_grad_(False)
    for pair in adapter.pairs.values():
        pair.up.fill_(0.3)
    file = save_adapter(adapter, tmp_path / "rock.safetensors")
    asked = ("--duration", 1, "--genre", "rock", "--seed", 7, "--checkpoint", weights)
    said = {"plain": (), "none": ("--adapter", f"{file}=0"), "all": ("--adapter", file)}
    songs = {name: run(*asked, *more)[0] for name, more in said.items()}
    written = {name: json.loads((song / "song.json").read_text()) for name, song in songs.items()}
    assert written["plain"]["adapters"] == {} and written["none"]["adapters"] == {str(file): 0.0}
    assert written["all"]["adapters"] == {str(file): 1.0}
    assert (stem(songs["plain"], "mix") == stem(songs["none"], "mix")).all()
    options = {"duration": 1.0, "seed": 7, "steps": 1, "genre_idx": 5, "batch_size": 2}
    options["plays"] = dict.fromkeys(STEMS, True)  # an untrained plan may let all of them rest
    plain = composed.generate(**options).notes
    mixed = composed.generate(**options, adapters={file: [0.0, 1.0]})
    assert mixed.adapters == [{str(file): 0.0}, {str(file): 1.0}]
    assert torch.equal(mixed.notes[0], plain[0]) and not torch.allclose(mixed.notes[1], plain[1])
    adapter.about = replace(adapter.about, base="0" * 16)
    with pytest.raises(UserError, match="trained beside other weights"):
        composed.generate(adapters=save_adapter(adapter, tmp_path / "foreign.safetensors"))


def test_prompts_samples_and_batches_make_one_folder_each(run):
    folders = run(
        "--text", "a", "--text", "b", "--num_samples", 2, "--batch_size", 3, "--duration", 1,
        "--format", "flac", "--style", "jazz", "--guidance", 1,
    )  # fmt: skip
    assert [f.name for f in folders] == ["a-42", "a-43", "b-44", "b-45"]
    assert all((f / "mix.flac").is_file() for f in folders)


def test_stems_that_are_left_out_are_silent(run):
    (folder,) = run("--without", "drums", "piano", "--plays", "bass", "--duration", 1)
    assert not stem(folder, "drums").any() and not stem(folder, "piano").any()
    assert stem(folder, "bass").any()


def test_given_stems_come_back_and_the_others_are_made(run, song):
    (folder,) = run("--given", f"drums={song / 'drums.wav'}", "--generate", "bass")
    gain = json.loads((folder / "song.json").read_text())["gain"]
    np.testing.assert_allclose(stem(folder, "drums"), gain * stem(song, "drums"), atol=1e-4)
    assert stem(folder, "bass").any() and not stem(folder, "guitar").any()


@pytest.mark.filterwarnings("ignore:no trained mixer")
def test_a_mix_and_a_room_beside_stems_that_stay_as_given(run, song):
    asked = ("--given", f"drums={song / 'drums.wav'}", "--without", "guitar")
    room = ("--space", "headphones", "--space_output", "stereo", "binaural")
    plain, finished = (run(*asked, *more)[0] for more in ((), ("--mix", "auto", *room)))
    added = {"master.wav", "mix.json", "stereo.wav", "binaural.wav", "scene.json"}
    assert {p.name for p in finished.iterdir()} == added | {p.name for p in plain.iterdir()}
    for name in (*STEMS, "mix"):
        assert (stem(finished, name) == stem(plain, name)).all()
    gain = json.loads((finished / "song.json").read_text())["gain"]
    np.testing.assert_allclose(stem(finished, "drums"), gain * stem(song, "drums"), atol=1e-4)
    info = soundfile.info(finished / "master.wav")
    assert (info.samplerate, info.channels, info.subtype) == (44_100, 2, "PCM_24")
    scene = finished / "scene.json"
    (again,) = run(*asked, "--mix", finished / "mix.json", "--space", scene)
    np.testing.assert_allclose(stem(again, "master"), stem(finished, "master"), atol=1e-4)
    np.testing.assert_allclose(stem(again, "binaural"), stem(finished, "binaural"), atol=1e-4)


def test_continuing_keeps_the_beginning_and_adds_the_duration(run, song):
    (folder,) = run("--continue_from", song, "--duration", 1)
    gain = json.loads((folder / "song.json").read_text())["gain"]
    assert len(stem(folder, "bass")) == 3 * SAMPLE_RATE
    begin = slice(SAMPLE_RATE)
    given = gain * stem(song, "bass")[begin]
    np.testing.assert_allclose(stem(folder, "bass")[begin], given, atol=1e-4)


def test_inpainting_changes_only_its_span(run, song):
    (folder,) = run("--song", song, "--inpaint", "0.8:1.2")
    gain = json.loads((folder / "song.json").read_text())["gain"]
    change = np.abs(stem(folder, "piano") - gain * stem(song, "piano")) > 1e-3
    seconds = np.flatnonzero(change) / SAMPLE_RATE
    assert 0.7 < seconds.min() and seconds.max() < 1.3


def test_variation_transcription_performance_and_reference(run, song, tmp_path, capsys):
    (varied,) = run("--song", song, "--variation", 0.5, "--audio", song / "bass.wav")
    assert len(stem(varied, "bass")) == 2 * SAMPLE_RATE
    (noted,) = run("--transcribe", song)
    assert (noted / "song.mid").is_file()
    midi = tmp_path / "melody.mid"
    _write_melody(midi)
    capsys.readouterr()
    (folder,) = run("--perform", midi, "--voice", "soundfont")
    assert json.loads((folder / "song.json").read_text())["settings"]["voice"] == "soundfont"
    assert "120 bpm" in capsys.readouterr().out  # the file's own beats are the plan


def _write_melody(path: Path) -> None:
    from data.midi import write_midi
    from data.score import Notes, Score

    notes = dict.fromkeys(STEMS, Notes.empty())
    notes["piano"] = Notes.of([0.0, 0.5, 1.0], [0.4, 0.9, 1.9], [60, 64, 67], [90, 90, 90])
    programs = {"bass": None, "drums": None, "guitar": None, "piano": 0}
    beats = np.arange(5) * 0.5
    write_midi(Score(notes, 2.0, beats, np.arange(5) % 4, programs), path)


def test_every_flag_reaches_the_model():
    args = generate.build_parser().parse(
        "--bpm 90 --key Am --chords Am --beats_per_bar 3 --temperature 0 --programs bass=33 "
        "--plays guitar --without drums --density piano=2.5 --dynamics 0.5".split()
    )
    assert generate.plan_options(args) == {
        "bpm": 90, "key": "Am", "chords": "Am", "beats_per_bar": 3, "temperature": 0,
    }  # fmt: skip
    assert generate.band_options(args) == {
        "dynamics": 0.5,
        "programs": {"bass": 33},
        "density": {"piano": 2.5},
        "plays": {"guitar": True, "drums": False},
    }


def test_samplers_are_those_of_the_flow():
    from models.generative.flow import SAMPLERS

    assert set(generate.SAMPLERS) == set(SAMPLERS)


def test_program_ranges_are_those_of_the_data():
    from data.midi import FAMILIES

    for name, (low, high) in generate.PROGRAMS.items():
        assert list(FAMILIES[name]) == list(range(low, high + 1))


def test_a_wrong_parser_value_is_a_user_error():
    with pytest.raises(UserError, match="choose from"):
        generate.build_parser().parse(["--genre", "polka"])
