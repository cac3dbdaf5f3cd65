"""How training songs strike their drums: `python -m models.generative.kit_statistics --data_dir
songs` writes the `kits.json` that composed songs draw from (`models.generative.kit`).

A kit is one segment of a song, as the shares of its bars in which each drum is struck on each
sixteenth, and how hard. Shares of whole songs would mix the hat of a verse with the ride of its
chorus, and means of similar songs their kicks.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from data.sources import Source, build_source, guess_source, sources
from models.generative.kit import KICKS, PATH, SNARES, Kits, shares_of, to_tab, velocities_of
from utils import SEGMENT_FRAMES, STEMS, Parser, UserError, run_script, write_atomically

FEWEST = 8  # strokes that show a kit


def kits_of(source: Source) -> Kits:
    """One segment of every song of which beats and drums are known; of songs on disk as stems, as
    many segments as there are songs.
    """
    from tqdm import tqdm

    kits = []
    for index in tqdm(range(source.num_songs), unit="song", disable=None):
        try:
            example = source.example(index, num_frames=SEGMENT_FRAMES, need_audio=False)
        except UserError:
            continue
        score, known = example.score, example.score_known[STEMS.index("drums")]
        if not known or len(score.beat_times) < 2 or len(score.notes["drums"]) < FEWEST:
            continue
        struck = (score.notes["drums"], score.beat_times, score.beat_in_bar)
        kits.append((shares_of(*struck), velocities_of(*struck)))
    if not kits:
        raise UserError("no song has both drums and beats: pass --data_dir with MIDI files")
    return Kits(*np.stack(kits, axis=1))


def report(kits: Kits) -> str:
    """What kits have, one line each."""
    has = kits.shares.any(2)
    rows = [f"{len(kits)} kits of {has.sum(1).mean():.1f} drums"]
    for name, keys in (("kick", KICKS), ("snare", SNARES)):
        numbers = np.bincount(has[:, list(keys)].sum(1), minlength=5) / len(kits)
        rows.append(f"kits with 0, 1, 2 ... {name}s: " + " ".join(f"{n:.2f}" for n in numbers))
    often = np.argsort(-has.mean(0), kind="stable")[: min(20, has.any(0).sum())]
    rows.append("share that has a drum: " + " ".join(f"{k} {has[:, k].mean():.2f}" for k in often))
    return "\n".join(rows)


def build_parser() -> Parser:
    """The flags of the command."""
    parser = Parser(
        prog="python -m models.generative.kit_statistics",
        description="Write how training songs strike their drums, for composed songs to draw from.",
    )
    add = parser.add_argument
    add("--data_dir", type=Path, required=True, help="folder of songs")
    add("--source", choices=sources(), help="how to read it (default: guessed from its content)")
    add("--output", type=Path, default=PATH, help="default: %(default)s")
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    """Counts kits, prints what they have and writes them."""
    args = build_parser().parse(argv)
    source = build_source(args.source or guess_source(args.data_dir), args.data_dir, "train")
    kits = kits_of(source)
    tabs = map(to_tab, kits.shares, kits.velocities)
    rows = [json.dumps(tab, separators=(",", ":")) for tab in tabs]
    try:
        with write_atomically(args.output) as partial:
            partial.write_text("[\n" + ",\n".join(rows) + "\n]\n")
    except OSError as error:
        raise UserError(
            f"cannot write {args.output}: {error.strerror}; choose another --output"
        ) from None
    print(report(kits))


if __name__ == "__main__":
    run_script(main)
