"""Command: a folder of MIDI files -> songs in the Slakh four-stem layout.

    python -m data.render_midi --midi_dir songs --output_dir data/rendered

writes `<output_dir>/<split>/<song>/{bass,drums,guitar,piano}.wav`, `score.mid`, `labels.json` and,
last, `metadata.yaml` in Slakh's keys. A song whose metadata is there is done already, so an
interrupted run goes on where it was. A stem that the song does not have gets no file.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.sources import SPLITS
from utils import SAMPLE_RATE, STEMS, Parser, UserError, run_script, write_atomically

SAMPLE_RATES = (22_050, 44_100, 48_000)


@dataclass(frozen=True)
class Job:
    """One song to render: where from, where to, with which SoundFonts."""

    midi: Path
    folder: Path
    soundfonts: tuple[str, ...]
    sample_rate: int
    tags: dict

    @property
    def done(self) -> bool:
        return (self.folder / "metadata.yaml").exists()


def main(argv: Sequence[str] | None = None) -> None:
    """Renders every song of the folder and says what could not be rendered."""
    args = parse_arguments(argv)
    jobs = find_jobs(args)
    open_jobs = [job for job in jobs if not job.done]
    if len(open_jobs) < len(jobs):
        print(f"{len(jobs) - len(open_jobs)} of {len(jobs)} songs are rendered already")
    failures = render_all(open_jobs, args.num_workers)
    for message in failures:
        print(f"skipped: {message}", file=sys.stderr)
    if failures and len(failures) == len(jobs):
        raise UserError(f"none of the {len(jobs)} songs in '{args.midi_dir}' could be rendered")
    done = len(open_jobs) - len(failures)
    print(f"rendered {done} songs to {args.output_dir}, skipped {len(failures)}")


def build_parser() -> Parser:
    """The flags of the command."""
    parser = Parser(
        prog="python -m data.render_midi",
        description="Render MIDI files to four stems in the Slakh layout.",
    )
    add = parser.add_argument
    add("--midi_dir", type=Path, required=True, help="folder of .mid files, divided or not")
    add("--output_dir", type=Path, required=True, help="where the songs are written")
    add("--split", choices=SPLITS, nargs="+", help="only these splits (default: all there are)")
    add(
        "--soundfont",
        type=Path,
        nargs="+",
        default=[],
        help="SoundFont files (.sf2, .sf3); each stem of a song takes one of them "
        "(default: the one that comes with pretty_midi)",
    )
    add(
        "--sample_rate",
        type=int,
        choices=SAMPLE_RATES,
        default=SAMPLE_RATE,
        help="of the audio in Hz (default: %(default)s)",
    )
    add("--num_workers", type=int, default=2, help="processes (default: %(default)s)")
    return parser


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line, checked."""
    args = build_parser().parse(argv)
    if args.num_workers < 1:
        raise UserError(f"--num_workers must be at least 1, not {args.num_workers}")
    return args


def find_jobs(args: argparse.Namespace) -> list[Job]:
    """Every song of the wanted splits, with a folder of its own.

    Raises:
        UserError: no folder, no MIDI in it, no such split, or a SoundFont that cannot be loaded.
    """
    from data.sources.midi import find_songs, read_index
    from data.synth import default_soundfont, renderer

    soundfonts = tuple(str(path) for path in args.soundfont) or (str(default_soundfont()),)
    for soundfont in soundfonts:
        renderer(soundfont, args.sample_rate)
    tags, jobs = read_index(args.midi_dir), []
    for split in args.split or _splits_of(args.midi_dir):
        taken: set[str] = set()
        for path in find_songs(args.midi_dir, split):
            name = path.stem if path.stem not in taken else f"{path.stem}-{_digest(path)[:8]}"
            taken.add(name)
            folder = args.output_dir / split / name
            jobs.append(Job(path, folder, soundfonts, args.sample_rate, tags.get(path.stem, {})))
    return jobs


def _splits_of(root: Path) -> tuple[str, ...]:
    """The splits a folder is divided into; an undivided one becomes training and validation."""
    return tuple(s for s in SPLITS if (root / s).is_dir()) or ("train", "validation")


def render_all(jobs: Sequence[Job], num_workers: int) -> list[str]:
    """Renders songs in parallel with a progress bar; returns a message for each that failed."""
    from tqdm import tqdm

    bar = {"total": len(jobs), "unit": "song", "desc": "rendering", "disable": not jobs}
    if num_workers == 1 or len(jobs) < 2:
        return [m for m in tqdm(map(render_job, jobs), **bar) if m]
    context = multiprocessing.get_context("spawn")
    with context.Pool(min(num_workers, len(jobs))) as pool:
        return [m for m in tqdm(pool.imap_unordered(render_job, jobs), **bar) if m]


def render_job(job: Job) -> str | None:
    """Renders one song; returns what was wrong with it, None when all is well."""
    import numpy as np

    from data.audio import save_audio
    from data.loudness import levels_of
    from data.midi import read_midi, write_midi
    from data.soundfont import in_tune, render_song

    try:
        song = in_tune(read_midi(job.midi))
    except UserError as error:
        return str(error)
    fonts = {
        stem: job.soundfonts[zlib.crc32(f"{job.midi.stem}/{stem}".encode()) % len(job.soundfonts)]
        for stem in STEMS
    }
    score, audio = render_song(
        song, 0.0, song.duration, soundfonts=fonts, sample_rate=job.sample_rate, levelled=False
    )
    present = np.array([len(score.notes[stem]) > 0 for stem in STEMS])
    if not audio.any():
        return f"{job.midi} has no audible notes of {', '.join(STEMS)}"
    levels = levels_of(audio, job.sample_rate)
    for stem, signal, there in zip(STEMS, levels.apply(audio), present, strict=True):
        if there:
            save_audio(job.folder / f"{stem}.wav", signal, job.sample_rate, subtype="PCM_16")
    write_midi(score, job.folder / "score.mid")
    _write_text(job.folder / "labels.json", labels_json(score, job.tags, present))
    _write_text(job.folder / "metadata.yaml", metadata_yaml(job, score.programs, levels, fonts))
    return None


def labels_json(score, tags: dict, present) -> str:
    """The song's labels as JSON: those of `data.labels`, and its tags; unknown is null."""
    from data.labels import labels_of

    def plain(value):
        value = getattr(value, "tolist", lambda: value)()
        if isinstance(value, list):
            return [plain(v) for v in value]
        return None if value != value else value

    labels = {name: plain(value) for name, value in labels_of(score, tags, present).items()}
    return json.dumps({"labels": labels, "tags": tags}, indent=2) + "\n"


def metadata_yaml(job: Job, programs: dict, levels, fonts: dict[str, str]) -> str:
    """Slakh's keys, so that tools written for Slakh can read it; S00-S03 are the stems in order."""
    lines = [
        f"UUID: {_digest(job.midi)}",
        "audio_dir: .",
        f"lmd_midi_dir: {json.dumps(job.midi.name)}",
        "midi_dir: .",
        "normalization_factor: -13.0",
        "normalized: true",
        f"overall_gain: {levels.overall!r}",
        "stems:",
    ]
    for number, stem in enumerate(STEMS):
        loudness = float(levels.loudness[number])
        audible = loudness > float("-inf")
        lines += [
            f"  S{number:02d}:",
            f"    audio_rendered: {json.dumps(audible)}",
            f"    inst_class: {stem.capitalize()}",
            *([f"    integrated_loudness: {loudness!r}"] if audible else []),
            f"    is_drum: {json.dumps(stem == 'drums')}",
            f"    midi_program_name: {json.dumps(program_name(programs[stem]))}",
            f"    midi_saved: {json.dumps(programs[stem] is not None)}",
            f"    plugin_name: {json.dumps(Path(fonts[stem]).name)}",
            f"    program_num: {json.dumps(programs[stem])}",
        ]
    return "\n".join([*lines, "target_peak: -1.0"]) + "\n"


def program_name(program: int | None) -> str | None:
    """General MIDI's name; "Drums" for 128, as in Slakh."""
    import pretty_midi

    if program is None or program == 128:
        return "Drums" if program else None
    return pretty_midi.program_to_instrument_name(program)


def _digest(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()


def _write_text(path: Path, text: str) -> None:
    with write_atomically(path) as partial:
        partial.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    run_script(main)
