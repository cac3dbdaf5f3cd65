"""The mixer: a network that sets the console from what it hears of the stems.

Each stem's statistics and its name become a vector; two layers of attention let the stems hear one
another; small heads set filters and compressors. Loudness is not guessed but measured: every stem
leaves its channel at one loudness, as in the data. An untrained mixer makes just this level mix,
filters flat and compressors off, and a trained one departs only as far as it has learned to.

The stems are a set: their order changes nothing, their names do.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from einops import rearrange
from torch import nn

from models.postprocessing.mixing.listening import NUM_FEATURES, Heard, statistics
from models.postprocessing.mixing.settings import BANDS
from models.weights import read_part, write_part
from utils import NUM_STEMS, UserError

NOMINAL_LUFS = -23.0
QUIETEST_LUFS = -55.0
EQ_RANGE_DB = 12.0
THRESHOLD_RANGE_DB = 24.0
WIDTH = 96
RATIO_RANGE, BUS_RATIO_RANGE = 3.0, 2.0  # and as far below 1
HEADS = {"eq": len(BANDS), "threshold": 1, "ratio": 1}


@dataclass(frozen=True)
class Controls:
    """The console's settings as tensors: gain_db, threshold_db, ratio (b s), eq_db (b s k),
    bus_threshold_db, bus_ratio (b); `sounds` (b s) bool: stems that are not silent. level_lufs
    (b s) is how loud each stem leaves its channel: make-up gain is measured, not guessed.
    """

    gain_db: torch.Tensor
    level_lufs: torch.Tensor
    eq_db: torch.Tensor
    threshold_db: torch.Tensor
    ratio: torch.Tensor
    bus_threshold_db: torch.Tensor
    bus_ratio: torch.Tensor
    sounds: torch.Tensor


class Mixer(nn.Module):
    """Statistics of stems to settings.

    Args:
        width: of the vectors; 96 gives 0.18 M parameters.
    """

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.width = width
        self.names = nn.Embedding(NUM_STEMS, width)
        self.read = nn.Sequential(
            nn.Linear(NUM_FEATURES, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )
        self.layers = nn.ModuleList(_Layer(width) for _ in range(2))
        self.norm = nn.LayerNorm(width)
        self.heads = nn.Linear(width, sum(HEADS.values()))
        self.bus = nn.Linear(width, 2)
        for head in (self.heads, self.bus):
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)

    def forward(self, heard: Heard, names: torch.Tensor | None = None) -> Controls:
        """Settings for stems heard (b s ...).

        Args:
            names: (s,) index of each stem in `STEMS`; default their usual order.
        """
        features, lufs, peak = statistics(heard)
        sounds = features[..., -1] > 0
        if names is None:
            names = torch.arange(features.shape[-2], device=features.device)
        x = self.read(features) + self.names(names)
        for layer in self.layers:
            x = layer(x, sounds)
        x = self.norm(x)
        count = sounds.sum(-1, keepdim=True).clamp_min(1)
        together = (x * sounds[..., None]).sum(-2) / count
        return _controls(self.heads(x), self.bus(together), lufs, peak, sounds)


def _controls(
    heads: torch.Tensor,
    bus: torch.Tensor,
    lufs: torch.Tensor,
    peak: torch.Tensor,
    sounds: torch.Tensor,
) -> Controls:
    """Heads (b s h) and bus (b 2) as departures from a level mix."""
    eq, threshold, ratio = heads.split(list(HEADS.values()), -1)
    gain_db = (NOMINAL_LUFS - lufs.clamp_min(QUIETEST_LUFS)) * sounds
    # thresholds lie 6 dB below the peaks, more or less
    depth = THRESHOLD_RANGE_DB * torch.sigmoid(threshold[..., 0] - 1.1)
    loud = torch.where(sounds, peak + gain_db, 0.0)
    return Controls(
        gain_db=gain_db,
        level_lufs=NOMINAL_LUFS + (lufs - QUIETEST_LUFS).clamp(-60.0, 0.0),
        eq_db=EQ_RANGE_DB * eq.tanh() * sounds[..., None],
        threshold_db=loud - depth,
        ratio=RATIO_RANGE ** ratio[..., 0].tanh(),
        bus_threshold_db=NOMINAL_LUFS + 12.0 * bus[..., 0].tanh() + 8.0,
        bus_ratio=BUS_RATIO_RANGE ** bus[..., 1].tanh(),
        sounds=sounds,
    )


class _Layer(nn.Module):
    """Attention among the stems that sound, then a feed-forward step."""

    def __init__(self, width: int, heads: int = 4) -> None:
        super().__init__()
        self.num_heads = heads
        self.before, self.after = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attend, self.join = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.think = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, x: torch.Tensor, sounds: torch.Tensor) -> torch.Tensor:
        q, k, v = rearrange(
            self.attend(self.before(x)),
            "b s (three h d) -> three b h s d",
            three=3,
            h=self.num_heads,
        )
        mask = (sounds | ~sounds.any(-1, keepdim=True))[:, None, None]
        found = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x + self.join(rearrange(found, "b h s d -> b s (h d)"))
        return x + self.think(self.after(x))


class MixerAlone(nn.Module):
    """What the stage "mixing" trains: a mixer, under the name that its objective asks for."""

    def __init__(self, mixer: Mixer) -> None:
        super().__init__()
        self.mixer = mixer
        self.trained: set[str] = set()


def save_mixer(mixer: Mixer, path: str | Path) -> None:
    """Writes a mixer's weights and width as safetensors."""
    write_part(mixer, path)


def load_mixer(path: str | Path) -> Mixer:
    """A mixer from safetensors of `save_mixer`, or from a checkpoint of the stage "mixing".

    Raises:
        UserError: nothing is there, or it holds no mixer.
    """
    path = Path(path)
    try:
        state = read_part(path, "mixer")
        mixer = Mixer(state["norm.weight"].numel())
        mixer.load_state_dict(state)
    except Exception as error:
        raise UserError(
            f"'{path}' holds no mixer ({type(error).__name__}): expected mixing.safetensors or a "
            "checkpoint of train.py --stage mixing"
        ) from None
    return mixer.eval()
