"""Fits the post-filter (`models.latent.postfilter`) of a trained model and writes both.

    python -m training.postfilter --weights checkpoints/best.pt --data_dir data/songs --out my_model

Segments of training songs are performed from their notes and decoded, as generated songs are, and
what comes out is counted beside the recordings. It is the last thing to do to a model: performer
and decoder have to be what they will be.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from tqdm import tqdm

from data.batch import Batch
from data.loader import build_loader
from data.roll import from_roll
from data.sources import guess_source
from models.harmonicflow import HarmonicFlow
from models.latent.excitation import excitation
from models.latent.postfilter import LevelCounts, PostFilter, instrument
from training.project import Project
from training.settings import TrainSettings
from utils import STEMS, UserError, eval_mode, run_script

SEGMENTS = 400


@dataclass
class Take:
    """One stem (t,) of a segment, recorded and as the model plays its notes, in half precision;
    row: of its instrument.
    """

    row: int
    recorded: torch.Tensor
    decoded: torch.Tensor


def takes_of(model: HarmonicFlow, batches: Iterable[Batch]) -> Iterator[Take]:
    """The stems of batches of one segment that have notes and sound."""
    for seed, batch in enumerate(batches):
        batch = batch.to(model.device)
        notes = from_roll(batch.roll[0].float().cpu().numpy())
        excited = excitation([notes], 0, batch.audio.shape[-1]).to(model.device)
        with eval_mode(model):
            decoded = model.codec.decode(model.batch_performed(batch, [seed]), excited)
        for i, stem in enumerate(STEMS):
            if batch.score_known[0, i] and len(notes[stem]):
                row = instrument(i, int(batch.labels["program"][0, i]))
                yield Take(row, *(x[0, i].half().cpu() for x in (batch.audio, decoded)))


def fit(postfilter: PostFilter, takes: list[Take]) -> None:
    """Fits one map after the other, each to what those before it leave."""
    for i, level_map in enumerate(postfilter.maps):
        counts = LevelCounts(level_map)
        for take in tqdm(takes, desc=f"levels, map {i + 1} of {len(postfilter.maps)}", unit="stem"):
            before = postfilter.maps[:i]
            decoded = postfilter.through(take.decoded.float(), take.row, before)
            counts.add(take.recorded.float(), decoded, take.row)
        counts.fit()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", required=True, help="checkpoint or folder of a model")
    parser.add_argument("--data_dir", required=True, help="folder of songs, as train.py takes it")
    parser.add_argument("--source", help="what kind of folder it is (default: guessed)")
    parser.add_argument("--out", required=True, help="folder for the model with its post-filter")
    parser.add_argument("--segments", type=int, default=SEGMENTS, help="how many are counted")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    args = parser.parse_args()
    if args.segments < 1:
        raise UserError(f"--segments is {args.segments}: choose at least 1 (default {SEGMENTS})")
    torch.set_num_threads(args.threads)
    model = HarmonicFlow.from_pretrained(args.weights)
    missing = {"codec", "score_codec", "performer"} - model.trained
    if missing:
        parts = ", ".join(sorted(missing))
        raise UserError(f"{args.weights}: not trained yet: {parts}; finish `train.py` first")
    source = args.source or guess_source(args.data_dir)
    settings = TrainSettings(data_dir=args.data_dir, source=source, stage="decoder")
    project = Project()
    dataset = project.dataset(settings, "train", project.objective("decoder", model))
    loader = build_loader(dataset, 1, num_workers=0, start_index=0, num_batches=args.segments)
    model.postfilter = PostFilter()
    takes = tqdm(takes_of(model, loader), desc="takes", unit="stem")
    fit(model.postfilter, list(takes))
    print(model.save_pretrained(Path(args.out)))


if __name__ == "__main__":
    run_script(main)
