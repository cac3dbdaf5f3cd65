"""How well are held-out mixtures taken apart?

python -m models.preprocessing.separation.check --data_dir my_midi --num_songs 100
python -m models.preprocessing.separation.check --data_dir my_midi --openunmix runs/openunmix \
    --train_openunmix 60

The mixture itself is the floor, ideal masks of the same spectra are the ceiling for masks without
phase, Open-Unmix a baseline. All are scored by `metrics.separation`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from data.dataset import SegmentDataset
from data.sources import SPLITS, build_source, guess_source
from metrics.separation import ChunkScores, SeparationScores, score_chunks, summarise
from models.options import number
from models.preprocessing.separation.baseline import (
    endless,
    load_openunmix,
    save_openunmix,
    train_openunmix,
)
from models.preprocessing.separation.remixing import mixture_gain
from models.preprocessing.separation.spectra import ideal_masks, masked, spectra
from models.preprocessing.separation.whole import WEIGHTS, released_separator, separate
from utils import SAMPLE_RATE, STEMS, Parser, UserError, eval_mode, run_script

Way = Callable[[np.ndarray], np.ndarray]
TRAINING_FRAMES = 64


def compare(songs: Iterator[np.ndarray], ways: dict[str, Way]) -> dict[str, SeparationScores]:
    """Scores of each way over songs (s t); a way makes estimates (s t) of stems (s t)."""
    found: dict[str, list[ChunkScores]] = {name: [] for name in ways}
    for stems in songs:
        for name, way in ways.items():
            found[name].append(score_chunks(way(stems), stems))
    return {name: summarise(scores) for name, scores in found.items()}


def ideal(power: float) -> Way:
    """The way that knows the stems, by masks of a power of their magnitudes."""

    def estimates(stems: np.ndarray) -> np.ndarray:
        known = torch.from_numpy(stems)[None]
        return masked(ideal_masks(known, power=power), known.sum(1))[0].numpy()

    return estimates


def by_masks(model: torch.nn.Module) -> Way:
    """The way of a network that makes masks of a whole segment's spectra."""

    def estimates(stems: np.ndarray) -> np.ndarray:
        mixture = torch.from_numpy(stems.sum(0))[None]
        with eval_mode(model):
            masks = model(spectra(mixture * mixture_gain(mixture)[:, None]))
        return masked(masks, mixture)[0].numpy()

    return estimates


def mixture_itself(stems: np.ndarray) -> np.ndarray:
    """The floor: every stem is the mixture."""
    return np.broadcast_to(stems.sum(0), stems.shape)


def songs_of(args: argparse.Namespace) -> Iterator[np.ndarray]:
    """Stems (s t) of segments, spread over the split, at the levels of the data."""
    name = args.source or guess_source(args.data_dir)
    data = build_source(name, args.data_dir, args.split)
    places = np.unique(np.linspace(0, len(data) - 1, min(args.num_songs, len(data))).astype(int))
    for i in places:
        audio = data.example(int(i), num_frames=args.num_frames, need_score=False).audio
        if audio.any():
            yield np.asarray(audio, np.float32)


def table(results: dict[str, SeparationScores]) -> str:
    """The results as a table in Markdown: every chunk, then the chunks in which the stem plays."""
    columns = [*STEMS, "all"]
    heads = columns + [f"{name}, active" for name in columns]
    lines = [f"| SI-SDR improvement, dB | {' | '.join(heads)} |", f"|---|{'---|' * len(heads)}"]
    for way, scores in results.items():
        values = [scores.published_db[n] for n in columns] + [scores.active_db[n] for n in columns]
        lines.append(f"| {way} | {' | '.join(f'{v:.2f}' for v in values)} |")
    first = next(iter(results.values()))
    counts = ", ".join(f"{stem} {n}" for stem, n in first.num_active.items())
    return "\n".join([*lines, "", f"{first.num_chunks} chunks of 4 s; active in: {counts}"])


def build_parser() -> Parser:
    """The flags of the check."""
    parser = Parser(
        prog="python -m models.preprocessing.separation.check",
        description="Measure how well held-out mixtures are taken apart.",
    )
    add = parser.add_argument
    whole = lambda low: number(low, 10**9, int)
    add("--data_dir", default="data/slakh2100", help="folder of songs")
    add("--source", help="what kind of folder it is (default: guessed)")
    add("--split", choices=SPLITS, default="validation", help="which songs (default: validation)")
    add("--num_songs", type=whole(1), default=100, metavar="N", help="segments (default: 100)")
    add("--num_frames", type=whole(2), default=256, metavar="N", help="length (default: 256)")
    add("--checkpoint", default=str(WEIGHTS), metavar="FILE", help="default: the released")
    add("--openunmix", metavar="FOLDER", help="where the baseline's weights are, or go")
    add(
        "--train_openunmix",
        type=number(0, 10_000),
        metavar="MINUTES",
        help="train the baseline first and keep it in --openunmix",
    )
    add("--batch_size", type=whole(1), default=8, metavar="N", help="of the baseline's training")
    return parser


def baseline_of(args: argparse.Namespace) -> torch.nn.Module:
    """Open-Unmix, trained now or read."""
    if args.train_openunmix is None:
        return load_openunmix(args.openunmix)
    name = args.source or guess_source(args.data_dir)
    data = SegmentDataset(
        build_source(name, args.data_dir, "train"), fields=("audio",), num_frames=TRAINING_FRAMES
    )
    model = train_openunmix(endless(data, args.batch_size), args.train_openunmix)
    save_openunmix(model, args.openunmix)
    return model


def main(argv: Sequence[str] | None = None) -> None:
    args = build_parser().parse(argv)
    if args.train_openunmix is not None and not args.openunmix:
        raise UserError("--train_openunmix needs --openunmix FOLDER, where the weights are kept")
    if not args.source and not Path(args.data_dir).is_dir():
        raise UserError(f"data folder '{args.data_dir}' does not exist: pass --data_dir")
    model = released_separator(args.checkpoint)
    timed: list[float] = []

    def ours(stems: np.ndarray) -> np.ndarray:
        start = time.perf_counter()
        found = separate(stems.sum(0), SAMPLE_RATE, model)
        timed.append(stems.shape[1] / SAMPLE_RATE / (time.perf_counter() - start))
        return found

    ways: dict[str, Way] = {"mixture (floor)": mixture_itself, "separator": ours}
    if args.openunmix:
        ways["Open-Unmix"] = by_masks(baseline_of(args))
    ways |= {"ideal ratio mask": ideal(1.0), "ideal Wiener mask": ideal(2.0)}
    print(table(compare(songs_of(args), ways)))
    if timed:
        print(f"{np.median(timed):.1f} times real time on {torch.get_num_threads()} threads")


if __name__ == "__main__":
    run_script(main)
