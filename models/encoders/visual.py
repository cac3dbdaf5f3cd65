"""A picture or a clip to tokens, and to valence, arousal and pace of every frame.

A small convolutional network reads each frame beside the one before it; a convolution over time
sees motion and cuts; learned queries look at all regions of all frames and become tokens. It is
trained on drawn examples whose values are known (`data.pictures.synthetic`): what it gives is an
explicit point that anyone can read, from colour, texture and movement. What is shown it does not
know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import nn

from data.pictures.features import FEATURES, PACE_WEIGHT
from data.pictures.files import VIDEO_FPS, Clip
from models.generative.emotion import EmotionCurve
from utils import UserError, eval_mode

POINT = ("valence", "arousal", "pace")
CHUNK_FRAMES = 256


@dataclass(frozen=True)
class VisualConfig:
    """Sizes of the visual encoder.

    Attributes:
        size: frames are averaged down to this many pixels on each side.
        channels: of the convolutions; the first makes the size a quarter, each other one half.
        width: e, of the tokens. num_tokens: n, per picture or clip.
        memory_frames: how many frames the convolution over time sees, odd.
    """

    size: int = 64
    channels: tuple[int, ...] = (24, 48, 64)
    width: int = 128
    num_tokens: int = 4
    memory_frames: int = 9


@dataclass
class Seen:
    """What an encoder says of b pictures or clips of up to m frames.

    Attributes:
        tokens: (b n e).
        valence, arousal: (b m) in [-1, 1]. pace: (b m), 0 nothing moves to 1; arousal holds it too.
        mask: (b m) bool, frames that exist.
    """

    tokens: torch.Tensor
    valence: torch.Tensor
    arousal: torch.Tensor
    pace: torch.Tensor
    mask: torch.Tensor

    def mean(self, name: str) -> torch.Tensor:
        """Mean (b,) of "valence", "arousal" or "pace" over the frames that exist."""
        known = self.mask.to(self.valence)
        return (getattr(self, name) * known).sum(1) / known.sum(1).clamp_min(1.0)

    def curve(self, item: int = 0, *, fps: float = VIDEO_FPS) -> EmotionCurve:
        """Valence and arousal of one clip over its own time; a single point for a picture."""
        there = self.mask[item].cpu()
        values = [getattr(self, name)[item].detach().cpu()[there] for name in POINT[:2]]
        valence, arousal = (v.double().clamp(-1.0, 1.0).numpy() for v in values)
        return EmotionCurve(torch.arange(len(valence)).numpy() / fps, valence, arousal)


@dataclass
class Sight:
    """Everything the network computes: what is `seen`, and what only training compares.

    Attributes:
        features: (b m 5), `data.pictures.features.FEATURES` read off each frame.
        summary: (b 8) mean of `POINT` and of the features over the clip, read off the tokens alone.
    """

    seen: Seen
    features: torch.Tensor
    summary: torch.Tensor


class VisualEncoder(nn.Module):
    """Frames (b m 3 h w) in [0, 1] of any size, evenly spaced at `VIDEO_FPS`, to `Seen`."""

    def __init__(self, config: VisualConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or VisualConfig()
        first, deep, width = config.channels[0], config.channels[-1], config.width
        self.convolutions = nn.ModuleList([nn.Conv2d(6, first, 5, stride=4, padding=2)])
        for before, after in zip(config.channels, config.channels[1:], strict=False):
            self.convolutions.append(nn.Conv2d(before, after, 3, stride=2, padding=1))
        self.frame = nn.Linear(2 * deep, width)
        self.time = nn.Conv1d(width, width, config.memory_frames, padding="same")
        self.point = nn.Linear(width, len(POINT))
        self.features = nn.Linear(width, len(FEATURES))
        side = config.size // 2 ** (len(config.channels) + 1)
        self.cells = nn.Linear(deep, width)
        self.places = nn.Parameter(0.1 * torch.randn(side * side, width))
        self.queries = nn.Parameter(torch.randn(config.num_tokens, width) * width**-0.5)
        self.keys, self.values = nn.Linear(width, width), nn.Linear(width, width)
        self.summary = nn.Linear(config.num_tokens * width, len(POINT) + len(FEATURES))

    def forward(self, frames: torch.Tensor, mask: torch.Tensor | None = None) -> Seen:
        """What is seen.

        Args:
            frames: (b m 3 h w) in [0, 1].
            mask: (b m) bool, True where a frame exists, from the first on; None: all do.
        """
        return self.look(frames, mask).seen

    def look(self, frames: torch.Tensor, mask: torch.Tensor | None = None) -> Sight:
        """What is seen, and what training compares; arguments as `forward`."""
        if frames.dim() != 5 or frames.shape[2] != 3 or 0 in frames.shape:
            raise UserError(
                f"frames of shape {tuple(frames.shape)}: expected (batch, frames, 3, height, width)"
            )
        if mask is None:
            mask = torch.ones(frames.shape[:2], dtype=torch.bool, device=frames.device)
        grid = self._grid(self._shrunk(frames), mask)
        spread = grid.flatten(3)
        deviation = (spread.var(3, correction=0) + 1e-6).sqrt()
        frame = F.gelu(self.frame(torch.cat([spread.mean(3), deviation], -1)))
        state = frame + F.gelu(self._over_time(frame, mask))
        valence, colour, pace = self.point(state).unbind(-1)
        moving = mask[:, 1:2] if mask.shape[1] > 1 else torch.zeros_like(mask)
        pace = pace.sigmoid() * moving
        tokens = self._tokens(spread, state, mask)
        arousal = torch.tanh(colour + PACE_WEIGHT * pace)
        seen = Seen(tokens, valence.tanh(), arousal, pace, mask)
        return Sight(seen, self.features(frame), self.summary(tokens.flatten(1)))

    @torch.no_grad()
    def see(self, clips: Sequence[Clip]) -> Seen:
        """Pictures and clips as files give them, of any lengths and sizes, in evaluation mode."""
        device = self.queries.device
        small = [self._shrunk(torch.from_numpy(c.frames).to(device)[None])[0] for c in clips]
        frames = nn.utils.rnn.pad_sequence(small, batch_first=True)
        lengths = torch.tensor([len(frames) for frames in small], device=device)
        mask = torch.arange(frames.shape[1], device=device) < lengths[:, None]
        with eval_mode(self):
            return self(frames, mask)

    def _shrunk(self, frames: torch.Tensor) -> torch.Tensor:
        """Frames averaged to (b m 3 size size)."""
        size = (self.config.size, self.config.size)
        if frames.shape[-2:] == size:
            return frames.float()
        flat = F.adaptive_avg_pool2d(frames.flatten(0, 1).float(), size)
        return flat.unflatten(0, frames.shape[:2])

    def _grid(self, frames: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Regions of every frame (b m c h w), from it and its change since the one before.

        The first frame is compared with the second, a picture with itself.
        """
        frames = frames * mask[:, :, None, None, None]
        before = torch.cat([frames[:, :1], frames[:, :-1]], 1)
        if frames.shape[1] > 1:
            second = torch.where(mask[:, 1, None, None, None], frames[:, 1], frames[:, 0])
            before = torch.cat([second[:, None], before[:, 1:]], 1)
        pairs = torch.cat([2.0 * frames - 1.0, 2.0 * (frames - before)], 2)[mask]
        parts = []
        for x in pairs.split(CHUNK_FRAMES):
            for convolution in self.convolutions:
                x = F.gelu(convolution(x))
            parts.append(x)
        regions = torch.cat(parts)
        grid = regions.new_zeros(*mask.shape, *regions.shape[1:])
        return grid.masked_scatter(mask[:, :, None, None, None], regions)

    def _over_time(self, frame: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """The convolution over the frames that exist (b m e)."""
        x = self.time(rearrange(frame * mask[..., None], "b m e -> b e m"))
        return rearrange(x, "b e m -> b m e")

    def _tokens(
        self, spread: torch.Tensor, state: torch.Tensor, mask: torch.Tensor
    ) -> torch.Tensor:
        """Queries that look at all regions (b m c n) of all frames that exist: (b n e)."""
        cells = (
            self.cells(rearrange(spread, "b m c n -> b m n c")) + self.places + state[:, :, None]
        )
        cells = rearrange(cells, "b m n e -> b (m n) e")
        there = mask.repeat_interleave(spread.shape[-1], 1)
        queries = self.queries.expand(len(cells), 1, -1, -1)
        keys, values = self.keys(cells)[:, None], self.values(cells)[:, None]
        return F.scaled_dot_product_attention(
            queries, keys, values, attn_mask=there[:, None, None]
        )[:, 0]
