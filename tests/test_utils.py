"""What every part shares: errors, the parser, randomness, safe writing, modes, the mel."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from utils import (
    FRAME_RATE,
    SEGMENT_SAMPLES,
    Parser,
    UserError,
    compute_mel_spectrogram,
    counter_rng,
    did_you_mean,
    eval_mode,
    mel_filterbank,
    nearest,
    registered,
    run_script,
    torch_rng,
    write_atomically,
)

ROOT = Path(__file__).parent.parent


def test_a_segment_is_256_frames():
    assert SEGMENT_SAMPLES == 262_144 and pytest.approx(21.533, abs=1e-3) == FRAME_RATE


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [(UserError("no songs"), 2, "error: no songs\n"), (KeyboardInterrupt(), 130, "interrupted\n")],
)
def test_a_script_ends_with_one_line_and_a_code(capsys, error, code, words):
    def main():
        raise error

    with pytest.raises(SystemExit) as stopped:
        run_script(main)
    assert stopped.value.code == code and capsys.readouterr().err == words


def test_a_warning_of_a_script_is_one_line_and_elsewhere_as_ever(capsys):
    before = warnings.formatwarning
    shown = []

    def main():
        shown.append(warnings.formatwarning("too quiet", UserWarning, "song.py", 3))

    run_script(main)
    assert shown == ["warning: too quiet\n"] and warnings.formatwarning is before


@pytest.fixture
def parser() -> Parser:
    parser = Parser(prog="song.py")
    parser.add_argument("--tempo", type=int, default=120)
    parser.add_argument("--tempo_map")
    return parser


def test_flags_are_parsed_in_full(parser):
    assert parser.parse(["--tempo", "90"]).tempo == 90
    assert parser.parse([]).tempo == 120


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["--tempi", "3"],
            "unknown argument '--tempi': did you mean '--tempo'? see song.py --help",
        ),
        (["--tem=3"], "unknown argument '--tem': did you mean '--tempo'? see song.py --help"),
        (["--zzz"], "unknown argument '--zzz': see song.py --help"),
        (["tempo.mid"], "unknown argument 'tempo.mid': see song.py --help"),
        (["--tempo"], "argument --tempo: expected one argument (see song.py --help)"),
        (["--tempo", "x"], "argument --tempo: invalid int value: 'x' (see song.py --help)"),
    ],
)
def test_mistakes_on_the_command_line_are_user_errors(parser, arguments, words):
    with pytest.raises(UserError) as caught:
        parser.parse(arguments)
    assert str(caught.value) == words


def test_random_numbers_are_a_function_of_seed_and_counters():
    assert counter_rng(1, 2, 3).random() == counter_rng(1, 2, 3).random()
    assert len({counter_rng(*c).random() for c in ((1, 2), (2, 1), (1, 3), (1,))}) == 4
    draw = lambda *counters: torch.rand(3, generator=torch_rng(*counters))
    assert torch.equal(draw(1, 2), draw(1, 2)) and not torch.equal(draw(1, 2), draw(1, 3))


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "new" / "song.json"
    with write_atomically(path, suffix=".json") as partial:
        assert partial.suffix == ".json" and not path.exists()
        partial.write_text("old")
    with pytest.raises(RuntimeError), write_atomically(path) as partial:
        partial.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old" and [p.name for p in path.parent.iterdir()] == ["song.json"]


def test_modules_of_a_folder_are_its_registry(tmp_path):
    for name in ("b.py", "a.py", "__init__.py", "_c.py", "d.txt"):
        (tmp_path / name).touch()
    assert registered(tmp_path) == ["a", "b"]


def test_suggestions():
    assert nearest("piamo", ["bass", "piano"]) == "did you mean 'piano'? "
    assert nearest("zzz", ["bass"]) == ""
    assert did_you_mean("bas", ["bass", "piano"]) == "did you mean 'bass'? choose from: bass, piano"
    assert did_you_mean("9", [1, 2]) == "choose from: 1, 2"


def test_eval_mode_restores_every_module():
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout())
    model[1].eval()
    with pytest.raises(RuntimeError), eval_mode(model):
        assert not any(m.training for m in model.modules())
        assert not model(torch.ones(1, 2)).requires_grad
        raise RuntimeError
    assert [m.training for m in model.modules()] == [True, True, False]


def test_the_mel_is_torchaudios():
    from torchaudio.transforms import MelSpectrogram

    audio = torch.randn(2, 1, 9_000, generator=torch_rng(0))
    theirs = MelSpectrogram(22_050, 2_048, hop_length=512, n_mels=128)(audio)
    ours = compute_mel_spectrogram(audio)
    assert ours.shape == theirs.shape == (2, 1, 128, 18)
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)
    assert torch.equal(compute_mel_spectrogram(audio[0, 0]), ours[0, 0])


def test_mel_filters_are_triangles_of_unit_peak():
    filters = mel_filterbank(22_050, 4_096, 20)
    assert filters.shape == (20, 2_049) and filters.min() == 0.0
    assert np.all((filters.max(1) > 0.97) & (filters.max(1) <= 1.0))
