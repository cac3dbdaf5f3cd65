"""Segments as a stage needs them, encoded once and kept on disk: training never encodes twice.

A cache is a folder of arrays with one row per segment, filled in order; `cache.json` says how far
it is and what it belongs to (codec weights, data, seed, length). A cut build goes on where it
stopped, a cache of other codecs or data is refused. Each row is one augmentation of one segment:
latents of its sound and of its notes, its plan, lead sheet and labels, several captions as tokens
of the sentence encoder, one of which is read each time, and, as audio reference, the mel
spectrogram of three of its seconds; for the decoder the recording itself, its notes and what the
performer makes of them. A stage keeps what it reads, no more.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from tqdm import tqdm

from data.balance import balanced_order, row_weights
from data.batch import Batch
from data.dataset import CAPTIONS, Segment, SegmentDataset
from data.labels import LABEL_SPECS
from data.roll import ROLL_ROWS
from utils import (
    FRAME_SAMPLES,
    NUM_STEMS,
    UserError,
    compute_mel_spectrogram,
    counter_rng,
    write_atomically,
)

if TYPE_CHECKING:
    from models.harmonicflow import HarmonicFlow
    from training.run import Preparation

SONGS_NAME = "songs.txt"
TEXT_TOKENS = 33
NUM_MELS = 128
REFERENCE_FRAMES = 64
MEL_COLUMNS = REFERENCE_FRAMES * FRAME_SAMPLES // 512


class LatentCache(torch.utils.data.Dataset):
    """The first `count` rows of a filled cache as a data set: any non-negative index is valid, each
    epoch in its own order.

    `balanced`: rare music is read more often (`data.balance`); an epoch then has as many rows, not
    every one of them.
    """

    def __init__(
        self, folder: Path, count: int, *, seed: int, augment: bool, balanced: bool = False
    ) -> None:
        self.folder, self.count, self.seed, self.augment = folder, count, seed, augment
        self.songs = (folder / SONGS_NAME).read_text(encoding="utf-8").splitlines()
        names = sorted(p.stem for p in folder.glob("*.npy"))
        self.rows = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in names}
        labels = {n.removeprefix("label_"): rows[:count] for n, rows in self.rows.items()}
        self.weights = row_weights(labels) if balanced else np.ones(count)
        self._epoch_order: tuple[int, np.ndarray] | None = None

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Segment:
        epoch, i = divmod(int(index), self.count)
        i = int(self._order(epoch)[i])
        row = {name: torch.from_numpy(np.array(rows[i])) for name, rows in self.rows.items()}
        if "text_tokens" in row:
            chosen = int(counter_rng(self.seed, 8, epoch, i).integers(CAPTIONS))
            row |= {name: row[name][chosen] for name in ("text_tokens", "text_mask")}
        labels = {
            name.removeprefix("label_"): row.pop(name)
            for name in list(row)
            if name.startswith("label_")
        }
        return Segment(
            song=self.songs[i],
            start=float(row.pop("start")),
            labels={n: v.numpy() if v.ndim else v.item() for n, v in labels.items()},
            **{n: v.float() if v.dtype == torch.float16 else v for n, v in row.items()},
        )

    def _order(self, epoch: int) -> np.ndarray:
        """Which row comes when: drawn by weight and shuffled, or the order of the rows."""
        if self._epoch_order is None or self._epoch_order[0] != epoch:
            drawn = balanced_order(self.weights, counter_rng(self.seed, epoch))
            self._epoch_order = (epoch, drawn if self.augment else np.arange(self.count))
        return self._epoch_order[1]

    @staticmethod
    def build(
        model: HarmonicFlow,
        dataset: SegmentDataset,
        settings: Preparation,
        fields: Collection[str],
        *,
        balanced: bool = False,
        at_most: int | None = None,
    ) -> LatentCache:
        """Encodes the first segments of a data set (one epoch unless settings say more) and opens
        the cache.

        Stages that read the same fields share a cache.

        Args:
            fields: what a row holds, of "sound", "notes", "plan", "sheet", "labels", "captions",
                "mel", "audio", "roll", "performed".
            balanced: whether rare music is read more often in training; needs "labels".
            at_most: rows, where the settings do not say how many.

        Raises:
            UserError: the folder holds latents of other codecs or data, or the disk is too full.
        """
        count = settings.cache_segments or min(len(dataset), at_most or len(dataset))
        if not dataset.augment:
            count = min(count, len(dataset))
        kinds = {"performed": "takes", "sound": "performances"}
        kind = next((kind for field, kind in kinds.items() if field in fields), "scores")
        folder = settings.cache_dir / kind
        if settings.main_process:
            _Builder(model, dataset, folder, count, settings, frozenset(fields)).fill()
        how = {"seed": settings.seed, "augment": dataset.augment}
        return LatentCache(folder, count, **how, balanced=balanced and dataset.augment)


class _Builder:
    """Fills a cache folder, batch by batch."""

    def __init__(
        self,
        model: HarmonicFlow,
        dataset: SegmentDataset,
        folder: Path,
        count: int,
        settings: Preparation,
        fields: frozenset[str],
    ) -> None:
        self.model, self.dataset, self.folder = model, dataset, folder
        self.count, self.settings, self.fields = count, settings, fields
        self.layout = self._layout()
        self.identity = {
            "codecs": fingerprint(model, performer="performed" in fields),
            "source": [type(dataset.source).__module__, dataset.source.num_songs, len(dataset)],
            "seed": dataset.seed,
            "augment": dataset.augment,
            "row": {n: [list(shape), np.dtype(t).name] for n, (shape, t) in self.layout.items()},
        }

    def fill(self) -> None:
        """Brings the cache to `count` rows."""
        from data.loader import build_loader

        filled = self._filled()
        if filled >= self.count:
            return
        rows = self._open(filled)
        size = self.settings.batch_size
        loader = build_loader(
            self.dataset,
            size,
            num_workers=self.settings.num_workers,
            start_index=filled,
            num_batches=-(-(self.count - filled) // size),
        )
        with tqdm(
            total=self.count, initial=filled, desc="latents", unit="segment", disable=None
        ) as bar:
            for batch in loader:
                self.settings.poll()
                size = min(len(batch), self.count - filled)
                self._write(rows, filled, batch, size)
                filled += size
                self._mark(filled)
                bar.update(size)

    def _filled(self) -> int:
        """Rows that are there already."""
        path = self.folder / "cache.json"
        if not path.is_file():
            return 0
        state = json.loads(path.read_text())
        if self.identity | state["identity"] != self.identity:
            raise UserError(
                f"'{self.folder}' holds latents of another model, other data or another seed: "
                "remove the folder, or choose another --cache_dir"
            )
        return int(state["filled"])

    def _open(self, filled: int) -> dict[str, np.ndarray]:
        """The arrays, grown to `count` rows; what is filled stays, what is beyond it is dropped."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._check_space(filled)
        songs = self.folder / SONGS_NAME
        kept = songs.read_text(encoding="utf-8").splitlines()[:filled] if filled else []
        with write_atomically(songs) as partial:
            partial.write_text("".join(f"{song}\n" for song in kept), encoding="utf-8")
        return {name: self._array(name, filled) for name in self.layout}

    def _array(self, name: str, filled: int) -> np.ndarray:
        """One array of at least `count` rows; a cut while it grows leaves the old one."""
        path, (shape, dtype) = self.folder / f"{name}.npy", self.layout[name]
        old = np.load(path, mmap_mode="r+") if filled else np.zeros((0, *shape), dtype)
        if filled and len(old) >= self.count:
            return old
        with write_atomically(path) as partial:
            grown = np.lib.format.open_memmap(partial, "w+", dtype, (self.count, *shape))
            grown[:filled] = old[:filled]
            grown.flush()
        return np.load(path, mmap_mode="r+")

    def _check_space(self, filled: int) -> None:
        """Raises before rows are written that the disk cannot hold."""
        row = sum(math.prod(s) * np.dtype(t).itemsize for s, t in self.layout.values())
        needed, free = row * (self.count - filled), shutil.disk_usage(self.folder).free
        if needed > free:
            raise UserError(
                f"{self.count} segments of latents need {needed / 1e9:.1f} GB in '{self.folder}' "
                f"and {free / 1e9:.1f} GB are free: choose another --cache_dir, or fewer "
                "--cache_segments"
            )

    def _layout(self) -> dict[str, tuple[tuple[int, ...], type]]:
        """Shape and type of a row of every array."""
        from data.lead_sheet import NUM_SHEET_COLUMNS
        from data.plan_tokens import PLAN_TOKENS

        frames, widths = self.dataset.num_frames, self.model.widths
        text_width = self.model.config.conditions.text_width
        arrays = {
            "sound": {"sound": ((NUM_STEMS, frames, widths.sound), np.float16)},
            "notes": {"notes": ((NUM_STEMS, frames, widths.score), np.float16)},
            "plan": {"plan": ((PLAN_TOKENS,), np.int64)},
            "sheet": {"sheet": ((frames, NUM_SHEET_COLUMNS), np.float16)},
            "mel": {"mel": ((NUM_MELS, MEL_COLUMNS), np.float32)},
            "audio": {"audio": ((NUM_STEMS, frames * FRAME_SAMPLES), np.float16)},
            "roll": {"roll": ((NUM_STEMS, frames, ROLL_ROWS), np.float16)},
            "performed": {"performed": ((NUM_STEMS, frames, widths.sound), np.float16)},
            "captions": {
                "text_tokens": ((CAPTIONS, TEXT_TOKENS, text_width), np.float16),
                "text_mask": ((CAPTIONS, TEXT_TOKENS), np.bool_),
            },
            "labels": {
                f"label_{name}": (spec.shape, np.dtype(spec.dtype).type)
                for name, spec in LABEL_SPECS.items()
            },
        }
        layout: dict[str, tuple[tuple[int, ...], type]] = {
            "present": ((NUM_STEMS,), np.bool_),
            "score_known": ((NUM_STEMS,), np.bool_),
            "start": ((), np.float64),
        }
        for field in sorted(self.fields):
            layout |= arrays[field]
        return layout

    def _write(self, rows: dict[str, np.ndarray], first: int, batch: Batch, size: int) -> None:
        """Encodes a batch into rows `first` to `first + size`."""
        for name, value in self._values(batch, first).items():
            rows[name][first : first + size] = value[:size].cpu().numpy()
        for array in rows.values():
            array.flush()
        with open(self.folder / SONGS_NAME, "a", encoding="utf-8") as file:
            file.writelines(f"{' '.join(song.split())}\n" for song in batch.song[:size])

    def _values(self, batch: Batch, first: int) -> dict[str, torch.Tensor]:
        """Every array's rows of a batch."""
        encode = {
            "sound": lambda: {"sound": self.model.batch_sound(batch)},
            "notes": lambda: {"notes": self.model.batch_notes(batch)},
            "plan": lambda: {"plan": batch.plan},
            "sheet": lambda: {"sheet": batch.sheet},
            "mel": lambda: {"mel": self._references(batch, first)},
            "audio": lambda: {"audio": batch.audio},
            "roll": lambda: {"roll": batch.roll},
            "performed": lambda: {"performed": self._performed(batch, first)},
            "captions": lambda: self._captions(batch),
            "labels": lambda: {f"label_{name}": batch.labels[name] for name in LABEL_SPECS},
        }
        values = {
            "present": batch.present,
            "score_known": batch.score_known,
            "start": torch.tensor(batch.start),
        }
        for field in self.fields:
            values |= encode[field]()
        return values

    def _captions(self, batch: Batch) -> dict[str, torch.Tensor]:
        """States (b, captions, n, e) and masks of every caption of a batch."""
        flat = [caption for several in batch.captions for caption in several]
        tokens, mask = self.model.text.encode(flat, max_tokens=TEXT_TOKENS - 1)
        pad = TEXT_TOKENS - tokens.shape[1]
        tokens = torch.nn.functional.pad(tokens, (0, 0, 0, pad))
        mask = torch.nn.functional.pad(mask, (0, pad))
        split = lambda x: x.unflatten(0, (len(batch), CAPTIONS))
        return {"text_tokens": split(tokens), "text_mask": split(mask)}

    def _performed(self, batch: Batch, first: int) -> torch.Tensor:
        """What the performer makes of the notes of a batch; a row's number draws its noise."""
        seeds = [
            int(counter_rng(self.dataset.seed, 9, first + i).integers(2**31))
            for i in range(len(batch))
        ]
        return self.model.batch_performed(batch, seeds)

    def _references(self, batch: Batch, first: int) -> torch.Tensor:
        """Mel spectrogram (b f m) of a random three seconds of each mix."""
        length = min(REFERENCE_FRAMES, self.dataset.num_frames) * FRAME_SAMPLES
        mels = torch.zeros(len(batch), NUM_MELS, MEL_COLUMNS)
        for i, mix in enumerate(batch.audio.sum(1)):
            rng = counter_rng(self.dataset.seed, 7, first + i)
            start = int(rng.integers(mix.shape[-1] - length + 1))
            mel = compute_mel_spectrogram(mix[start : start + length], n_mels=NUM_MELS)
            mel = mel[:, :MEL_COLUMNS]
            mels[i, :, : mel.shape[1]] = mel
        return mels

    def _mark(self, filled: int) -> None:
        with write_atomically(self.folder / "cache.json") as partial:
            partial.write_text(json.dumps({"identity": self.identity, "filled": filled}))


def fingerprint(model: HarmonicFlow, *, performer: bool = False) -> str:
    """SHA-256 of both codecs' weights but the audio decoder's, on which no latent depends, and of
    the performer's where latents are its own.
    """
    digest = hashlib.sha256()
    parts = (model.codec, model.score_codec, *([model.performer] if performer else []))
    for part in parts:
        for name, tensor in sorted(part.state_dict().items()):
            if part is model.codec and name.startswith("decoder_"):
                continue
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
