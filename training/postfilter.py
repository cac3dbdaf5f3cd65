"""Fits the post-filter (`models.latent.postfilter`) of a trained model and writes both.

    python -m training.postfilter --weights checkpoints/best.pt --data_dir data/songs --out my_model

Segments of training songs are performed from their notes and decoded, as generated songs are, and
what comes out is counted beside the recordings. Half of them are as songs have them, half vary as
in training, so that rare instruments are heard too; drums count only where they are as songs have
them, since nobody tells the model which kit to play. It is the last thing to do to a model:
performer and decoder have to be what they will be.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from data.batch import Batch
from data.loader import build_loader
from data.loudness import loudness
from data.roll import from_roll
from data.score import Notes
from data.sources import guess_source, sources
from models.harmonicflow import HarmonicFlow
from models.latent.excitation import excitation
from models.latent.postfilter import (
    LOUDEST_DB,
    NUM_INSTRUMENTS,
    PER_STEM,
    PERCENTILES,
    LevelMap,
    PostFilter,
    instrument,
)
from models.latent.spectral_gains import QUIETEST_DB, Bands
from models.latent.strokes import StrokeMap
from models.options import number
from training.project import Project
from training.settings import TrainSettings
from training.strokes import fit_strokes
from utils import NUM_STEMS, SAMPLE_RATE, STEMS, Parser, UserError, eval_mode, run_script

SEGMENTS = 800
CELL_DB = 0.25  # of a histogram of levels
SOUNDING_DB = -60.0
FEWEST_TAKES = 8  # below them a program sounds as its stem does


@dataclass
class Take:
    """One stem (t,) of a segment, recorded and as the model plays its notes, in half precision;
    row: of its instrument.
    """

    row: int
    recorded: torch.Tensor
    decoded: torch.Tensor
    notes: Notes

    @property
    def drums(self) -> bool:
        return self.row // PER_STEM == STEMS.index("drums")


def takes_of(
    model: HarmonicFlow, batches: Iterable[Batch], stems: Collection[str] = STEMS
) -> Iterator[Take]:
    """Those stems of batches of one segment that have notes and sound."""
    for seed, batch in enumerate(batches):
        batch = batch.to(model.device)
        notes = from_roll(batch.roll[0].float().cpu().numpy())
        excited = excitation([notes], 0, batch.audio.shape[-1]).to(model.device)
        with eval_mode(model):
            decoded = model.codec.decode(model.batch_performed(batch, [seed]), excited)
        for i, stem in enumerate(STEMS):
            if stem in stems and batch.score_known[0, i] and len(notes[stem]):
                row = instrument(i, int(batch.labels["program"][0, i]))
                both = (x[0, i].half().cpu() for x in (batch.audio, decoded))
                yield Take(row, *both, notes[stem])


def _levels(bands: Bands, *stems: torch.Tensor) -> list[np.ndarray] | None:
    """Levels (c m) in dB over its loudness of each stem (t,); None where one is silent."""
    lufs = [loudness(stem.numpy(), SAMPLE_RATE) for stem in stems]
    if not np.isfinite(lufs).all():
        return None
    return [bands.levels(*pair).numpy() for pair in zip(stems, lufs, strict=True)]


class LevelCounts:
    """How often each level occurs in recordings and in what the decoder makes of their notes."""

    def __init__(self, level_map: LevelMap) -> None:
        self.map = level_map
        cells = int((LOUDEST_DB - QUIETEST_DB) / CELL_DB)
        self.counts = np.zeros((2, NUM_INSTRUMENTS, level_map.num_bands, cells))
        self.takes = np.zeros(NUM_INSTRUMENTS, int)

    def add(self, recorded: torch.Tensor, decoded: torch.Tensor, row: int) -> None:
        """Takes in one stem (t,) of an instrument's row, recorded and decoded, in the frames in
        which either sounds.
        """
        levels = _levels(self.map.bands, recorded, decoded)
        if levels is None:
            return
        sounding = np.maximum(*[rows.max(0) for rows in levels]) > SOUNDING_DB
        for counts, found in zip(self.counts, levels, strict=True):
            counts[row] += self._counted(found[:, sounding])
        self.takes[row] += 1

    def _counted(self, levels: np.ndarray) -> np.ndarray:
        """Histogram (c h) of the levels of bands, or bins, over time."""
        num_bands, cells = self.counts.shape[2:]
        cell = ((levels - QUIETEST_DB) / CELL_DB).astype(int).clip(0, cells - 1)
        place = (self.map.band_of.numpy()[:, None] * cells + cell).ravel()
        return np.bincount(place, minlength=num_bands * cells).reshape(num_bands, cells)

    def fit(self) -> None:
        """Writes the map that brings decoded levels to recorded ones; instruments with few takes
        get that of their stem.
        """
        for stem in range(NUM_STEMS):
            own = slice(stem * PER_STEM, (stem + 1) * PER_STEM)
            whole = self.counts[:, own].sum(1)
            for row in range(own.start, own.stop):
                enough = self.takes[row] >= FEWEST_TAKES and row < own.stop - 1
                self._write(row, self.counts[:, row] if enough else whole)

    def _write(self, row: int, counts: np.ndarray) -> None:
        if not counts.sum():
            return
        recorded, decoded = (
            np.stack([percentiles(band) for band in half]).astype(np.float32) for half in counts
        )
        gain = np.clip(recorded - decoded, -self.map.most_db, self.map.most_db)
        self.map.level[row] = torch.from_numpy(decoded)
        self.map.gain[row] = torch.from_numpy(gain)


def percentiles(counts: np.ndarray) -> np.ndarray:
    """Levels (p,) in dB at `PERCENTILES` of a histogram (h,) of levels."""
    middle = QUIETEST_DB + CELL_DB * (np.arange(len(counts)) + 0.5)
    share = (np.cumsum(counts) - 0.5 * counts) / max(counts.sum(), 1.0)
    found = counts > 0
    return np.interp(np.asarray(PERCENTILES) / 100.0, share[found], middle[found])


def fit(postfilter: PostFilter, takes: list[Take]) -> None:
    """Fits the strokes of drums, then one map after the other, each to what those before leave."""
    _fit_strokes(postfilter.strokes, [take for take in takes if take.drums])
    for i, level_map in enumerate(postfilter.maps):
        counts = LevelCounts(level_map)
        for take in tqdm(takes, desc=f"levels, map {i + 1} of {len(postfilter.maps)}", unit="stem"):
            decoded = take.decoded.float()
            if take.drums:
                decoded = postfilter.struck(decoded, take.notes)
            decoded = postfilter.through(decoded, take.row, postfilter.maps[:i])
            counts.add(take.recorded.float(), decoded, take.row)
        counts.fit()


def _fit_strokes(strokes: StrokeMap, takes: list[Take]) -> None:
    drums, levels = [], []
    for take in takes:
        both = _levels(strokes.bands, take.recorded.float(), take.decoded.float())
        if both is not None:
            drums.append(take.notes)
            levels.append(both)
    recorded, decoded = zip(*levels, strict=True) if levels else ((), ())
    fit_strokes(strokes, drums, recorded, decoded)


def build_parser() -> Parser:
    """The flags of the command."""
    parser = Parser(prog="python -m training.postfilter", description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--weights", required=True, help="checkpoint or folder of a model")
    add("--data_dir", required=True, help="folder of songs, as train.py takes it")
    add("--source", choices=sources(), help="how to read it (default: guessed from its content)")
    add("--out", type=Path, required=True, help="folder for the model with its post-filter")
    segments = number(1, 100_000, int)
    add("--segments", type=segments, default=SEGMENTS, help="to count (default %(default)s)")
    add("--threads", type=number(1, 1_024, int), metavar="N", help="CPU threads (default: all)")
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    """Fits the post-filter of a model and writes both."""
    args = build_parser().parse(argv)
    if args.threads is not None:
        torch.set_num_threads(args.threads)
    model = HarmonicFlow.from_pretrained(args.weights)
    missing = {"codec", "score_codec", "performer"} - model.trained
    if missing:
        parts = ", ".join(sorted(missing))
        raise UserError(f"{args.weights}: not trained yet: {parts}; finish `train.py` first")
    source = args.source or guess_source(args.data_dir)
    settings = TrainSettings(data_dir=args.data_dir, source=source, stage="decoder")
    project = Project()
    objective = project.objective("decoder", model)  # takes an earlier post-filter away
    _make_folder(args.out)
    takes = []
    varied = args.segments // 2
    for varies, count, stems in (
        (False, args.segments - varied, STEMS),
        (True, varied, [stem for stem in STEMS if stem != "drums"]),
    ):
        dataset = project.dataset(settings, "train", objective)
        dataset.augment = varies  # else songs as they are, in their own order
        loader = build_loader(dataset, 1, num_workers=0, start_index=0, num_batches=count)
        takes += tqdm(takes_of(model, loader, stems), desc="takes", unit="stem")
    if not takes:
        raise UserError(
            f"no segment of {args.data_dir} has both sound and notes: give MIDI files, or songs "
            "with a score.mid"
        )
    fit(model.postfilter, takes)
    print(model.save_pretrained(args.out))


def _make_folder(folder: Path) -> None:
    """Makes the folder before the counting, which takes long."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot write to {folder} ({error.strerror}): choose another --out"
        ) from None


if __name__ == "__main__":
    run_script(main)
