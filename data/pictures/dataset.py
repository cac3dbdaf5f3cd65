"""Drawn pictures and clips as a data set for training: no file is read.

Example i is a function of the seed alone and kept once it is drawn; each epoch turns it over,
reverses it and disturbs it anew, which changes nothing of what is known. Training and validation
show different kinds of pictures, so a low validation loss cannot come from knowing the kinds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from data.dataset import Segment
from data.pictures.synthetic import HELD_OUT, KINDS, Example, disturbed, example
from utils import NUM_STEMS, counter_rng

DRAW, TURN = 0, 1
NUM_FRAMES = 10
LENGTHS = (1, 1, 6, 10, 10)  # frames; half of the examples are whole clips, pictures are many
COUNTS = {"train": 2_048, "validation": 256}


@dataclass
class PictureSegment(Segment):
    """One row of a `Batch`: frames (m 3 h w) in [0, 1], which of them exist (m,), and what is known
    of each, `seen` (m, 3 + 5): valence, arousal, pace, `data.pictures.features.FEATURES`.

    There is no music in it: all stems are absent.
    """

    frames: torch.Tensor | None = None
    frame_mask: torch.Tensor | None = None
    seen: torch.Tensor | None = None


class PictureDataset(torch.utils.data.Dataset):
    """Map-style data set of drawn examples; any non-negative index is valid.

    Args:
        seed: of everything random.
        split: "train" shows `KINDS`, disturbed and turned anew every epoch; any other split shows
            `HELD_OUT`, the same every time.
        count: examples in an epoch; None takes the split's own number.
    """

    def __init__(self, *, seed: int = 0, split: str = "train", count: int | None = None) -> None:
        self.seed, self.augment = seed, split == "train"
        self.kinds = KINDS if self.augment else HELD_OUT
        self.count = count or COUNTS["train" if self.augment else "validation"]
        self._drawn: dict[int, Example] = {}

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> PictureSegment:
        epoch, i = divmod(int(index), self.count)
        drawn = self.drawn(i)
        rng = counter_rng(self.seed, TURN, epoch if self.augment else 0, i, self.augment)
        frames = drawn.frames.astype(np.float32) / 255.0
        known = np.stack([drawn.valence, drawn.arousal, drawn.pace], -1)
        known = np.concatenate([known, drawn.features], -1)
        if self.augment:
            frames, known = _turned(frames, known, rng)
        frames = disturbed(frames, rng)
        rest, silent = NUM_FRAMES - len(frames), torch.zeros(NUM_STEMS, dtype=torch.bool)
        return PictureSegment(
            song=f"{drawn.kind} {i}",
            start=0.0,
            present=silent,
            score_known=silent,
            frames=torch.from_numpy(np.pad(frames, ((0, rest), (0, 0), (0, 0), (0, 0)))),
            frame_mask=torch.arange(NUM_FRAMES) < len(frames),
            seen=torch.from_numpy(np.pad(known, ((0, rest), (0, 0))).astype(np.float32)),
        )

    def drawn(self, i: int) -> Example:
        """Example i, undisturbed, its frames as uint8 (m 3 h w)."""
        if i not in self._drawn:
            rng = counter_rng(self.seed, DRAW, i, self.augment)
            made = example(rng, kinds=self.kinds, num_frames=int(rng.choice(LENGTHS)))
            frames = np.rint(made.frames * 255.0).astype(np.uint8)
            values = {n: getattr(made, n) for n in ("features", "valence", "arousal", "pace")}
            self._drawn[i] = Example(frames=frames, kind=made.kind, **values)
        return self._drawn[i]


def _turned(
    frames: np.ndarray, known: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Mirrored, laid on its side, backwards, each by chance: nothing that is known changes."""
    mirror, upside_down, sideways, backwards = rng.uniform(size=4) < 0.5
    if backwards:
        frames, known = frames[::-1], known[::-1]
    if mirror:
        frames = frames[..., ::-1]
    if upside_down:
        frames = frames[..., ::-1, :]
    if sideways:
        frames = frames.swapaxes(-1, -2)
    return frames, known
