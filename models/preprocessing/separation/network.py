"""The separator: a spectrum of the mixture to one complex mask per stem, masks that sum to one.

The spectrum is cut into 58 bands, narrow below and wide above; two frames of a band become a
vector. Blocks alternate between time (dilated convolutions, shared by all bands) and bands (each
channel has its own matrix from band to band). The last layer says for every bin how it is shared
among the stems (softmax) and how far each share departs in level and phase. The departures leave
the sum alone, so the stems sum to the mixture whatever the weights are. An untrained separator
gives each stem a quarter.

It is made of convolutions: what it says of a moment depends on two seconds around it. Band splits:
BSRNN, Luo and Yu 2023; blocks: ConvNeXt, Liu et al. 2022.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path

import torch
from einops import rearrange
from torch import nn
from torch.nn import functional as F

from models.preprocessing.separation.spectra import NUM_BINS, compressed
from models.weights import read_part, write_part
from utils import NUM_STEMS, UserError

GROUPS = ((16, 4), (16, 8), (12, 16), (8, 32), (6, 64))  # bands, bins of each, from low to high
NUM_BANDS = sum(count for count, _ in GROUPS)
PATCH = 2
DILATIONS = (1, 2, 4)
KERNEL = 7


@dataclass(frozen=True)
class SeparatorConfig:
    """Width of the vectors and number of blocks."""

    width: int = 48
    depth: int = 6


SIZES = {
    "tiny": SeparatorConfig(16, 2),
    "small": SeparatorConfig(48, 6),
    "base": SeparatorConfig(64, 6),
}


class Separator(nn.Module):
    """Spectra of mixtures to masks.

    Args:
        config: its size; `small` has 2.7 M parameters, `base` 3.7 M.
    """

    def __init__(self, config: SeparatorConfig = SIZES["small"]) -> None:
        super().__init__()
        self.config = config
        self.read = _BandRead(config.width, channels=3)
        dilations = [DILATIONS[i % len(DILATIONS)] for i in range(config.depth)]
        self.blocks = nn.Sequential(
            *(_Block(config.width, dilation, config.depth) for dilation in dilations)
        )
        self.norm = nn.LayerNorm(config.width)
        self.write = _BandWrite(config.width, channels=3 * NUM_STEMS)
        self.context_patches = KERNEL // 2 * sum(dilations) + 2

    def forward(self, spectrum: torch.Tensor) -> torch.Tensor:
        """Complex masks (b s f m) of complex spectra (b f m), levelled as by `remixing.levelled`.

        Their sum over s is 1.
        """
        num_frames = spectrum.shape[-1]
        spectrum = F.pad(spectrum[:, : NUM_BINS - 1], (0, -num_frames % PATCH))
        size = compressed(spectrum)
        phasor = spectrum / (spectrum.abs() + 1e-6) * size
        x = self.read(torch.stack([size, phasor.real, phasor.imag], -1).transpose(1, 2))
        found = self.write(self.norm(self.blocks(x)))[:, :, :num_frames]
        masks = _masks(rearrange(found, "b (c s) m f -> c b s m f", c=3)).transpose(-1, -2)
        return torch.cat([masks, masks[:, :, -1:]], 2)


def _masks(found: torch.Tensor) -> torch.Tensor:
    """Shares and departures (3 b s m f) as complex masks (b s m f) whose sum over s is 1."""
    share = found[0].softmax(1)
    level, phase = (share * (x - (share * x).sum(1, keepdim=True)) for x in found[1:])
    return torch.complex(share + level, phase)


class _Block(nn.Module):
    """A ConvNeXt block over time, then one over bands; maps (b l k width) to the same shape."""

    def __init__(self, width: int, dilation: int, depth: int) -> None:
        super().__init__()
        self.over_time = nn.Conv2d(
            width,
            width,
            (KERNEL, 1),
            padding=(KERNEL // 2 * dilation, 0),
            dilation=(dilation, 1),
            groups=width,
        )
        self.over_bands = nn.Parameter(torch.randn(width, NUM_BANDS, NUM_BANDS) / NUM_BANDS**0.5)
        self.after_time, self.after_bands = _feed_forward(width), _feed_forward(width)
        self.scales = nn.Parameter(torch.full((2, width), 1.0 / depth))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        moved = self.over_time(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        x = x + self.scales[0] * self.after_time(moved)
        mixed = torch.einsum("blkc,ckj->bljc", x, self.over_bands)
        return x + self.scales[1] * self.after_bands(mixed)


def _feed_forward(width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
    )


class _BandRead(nn.Module):
    """Bins (b m f c) to vectors of bands (b l k width), `PATCH` frames each."""

    def __init__(self, width: int, channels: int) -> None:
        super().__init__()
        sizes = [(count, PATCH * bins * channels) for count, bins in GROUPS]
        self.weights = nn.ParameterList(torch.randn(n, i, width) / i**0.5 for n, i in sizes)
        self.bias = nn.Parameter(torch.zeros(NUM_BANDS, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        parts = x.split([count * bins for count, bins in GROUPS], 2)
        vectors = [
            torch.einsum(
                "blni,nio->blno",
                rearrange(part, "b (l p) (n w) c -> b l n (p w c)", p=PATCH, n=count),
                weight,
            )
            for part, weight, (count, _) in zip(parts, self.weights, GROUPS, strict=True)
        ]
        return torch.cat(vectors, 2) + self.bias


class _BandWrite(nn.Module):
    """Vectors of bands (b l k width) to bins (b c m f); zeros before training."""

    def __init__(self, width: int, channels: int) -> None:
        super().__init__()
        sizes = [(count, PATCH * bins * channels) for count, bins in GROUPS]
        self.channels = channels
        self.weights = nn.ParameterList(torch.zeros(n, width, o) for n, o in sizes)
        self.biases = nn.ParameterList(torch.zeros(n, o) for n, o in sizes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        parts = x.split([count for count, _ in GROUPS], 2)
        found = [
            rearrange(
                torch.einsum("blni,nio->blno", part, weight) + bias,
                "b l n (p w c) -> b c (l p) (n w)",
                p=PATCH,
                c=self.channels,
            )
            for part, weight, bias in zip(parts, self.weights, self.biases, strict=True)
        ]
        return torch.cat(found, 3)


class SeparatorAlone(nn.Module):
    """What the stage "separation" trains: a separator, under the name its objective asks for."""

    def __init__(self, separator: Separator) -> None:
        super().__init__()
        self.separator = separator
        self.trained: set[str] = set()


def save_separator(separator: Separator, path: str | Path) -> None:
    """Writes a separator's weights, in half precision, as safetensors."""
    write_part(copy.deepcopy(separator).half(), path)


def load_separator(path: str | Path) -> Separator:
    """A separator from `save_separator`'s file, or from a checkpoint of the stage "separation".

    Raises:
        UserError: nothing is there, or it holds no separator.
    """
    path = Path(path)
    try:
        state = read_part(path, "separator")
        depth = sum(name.endswith(".over_bands") for name in state)
        separator = Separator(SeparatorConfig(state["norm.weight"].numel(), depth))
        separator.load_state_dict(state)
    except Exception as error:
        raise UserError(
            f"'{path}' holds no separator ({type(error).__name__}): expected "
            "separation.safetensors or a checkpoint of train.py --stage separation"
        ) from None
    return separator.eval()
