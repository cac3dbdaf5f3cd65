"""A recording to tokens: what a reference sounds like, whatever its length and volume."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import nn

from models.encoders.labels import INIT_STD
from utils import UserError

DYNAMIC_RANGE = 8.0  # powers of ten below the loudest bin that are heard: 80 dB


def log_mel(mel: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Power mel (b f m) -> level-free log mel (b f m/2) in [-1, 1] and which frames sound, bool.

    Pairs of frames are averaged first. The loudest bin of each item is 1 and everything 80 dB or
    more below it is -1; a frame of digital silence is 0 everywhere and does not sound.
    """
    mel = F.avg_pool1d(F.pad(mel, (0, mel.shape[-1] % 2)), 2)
    sounds = mel.amax(1) > 0
    peak = mel.amax((1, 2), keepdim=True).clamp_min(1e-20)
    decades = (mel / peak).clamp_min(10.0**-DYNAMIC_RANGE).log10()
    return (1.0 + decades * (2.0 / DYNAMIC_RANGE)) * sounds[:, None], sounds


class AudioEncoder(nn.Module):
    """Strided convolutions over log-mel frames, then learned queries that look at all of them.

    mel (b f m) or (b c f m) power from `utils.compute_mel_spectrogram`, any m >= 1, and known (b,)
    bool -> tokens (b n e). Channels are averaged in power. Frames of digital silence are not
    looked at, so padding with zeros changes nothing. Items that are not known, or silent
    throughout, give the learned null tokens.

    Args:
        width: e.
        num_tokens: n.
        num_mels: f.
        channels: width of the convolutions.
    """

    def __init__(
        self, width: int, *, num_tokens: int = 8, num_mels: int = 128, channels: int = 128
    ) -> None:
        super().__init__()
        self.num_mels = num_mels
        sizes = [num_mels, channels, channels]
        self.convolutions = nn.ModuleList(
            nn.Conv1d(before, after, kernel_size=5, stride=2, padding=2)
            for before, after in zip(sizes, sizes[1:], strict=False)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(size) for size in sizes[1:])
        self.queries = nn.Parameter(torch.randn(num_tokens, channels) * channels**-0.5)
        self.keys = nn.Linear(channels, channels)
        self.values = nn.Linear(channels, width)
        self.null = nn.Parameter(INIT_STD * torch.randn(num_tokens, width))

    def forward(self, mel: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        x, sounds = log_mel(self._mono(mel))
        known = known & sounds.any(1)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            sounds = F.max_pool1d(sounds[:, None].float(), 2, ceil_mode=True)[:, 0] > 0
            x = F.gelu(norm(rearrange(convolution(x), "b e m -> b m e")))
            x = rearrange(x * sounds[..., None], "b m e -> b e m")
        tokens = self._look(rearrange(x, "b e m -> b m e"), sounds | ~known[:, None])
        return torch.where(known[:, None, None], tokens, self.null.to(tokens.dtype))

    def _look(self, x: torch.Tensor, sounds: torch.Tensor) -> torch.Tensor:
        """Attention pooling of (b m c) by the queries over the frames that sound: (b n e)."""
        keys, values = self.keys(x)[:, None], self.values(x)[:, None]
        queries = self.queries.to(keys.dtype).expand(len(x), 1, -1, -1)
        return F.scaled_dot_product_attention(
            queries, keys, values, attn_mask=sounds[:, None, None]
        )[:, 0]

    def _mono(self, mel: torch.Tensor) -> torch.Tensor:
        if mel.dim() == 4:
            mel = mel.mean(1)
        if mel.dim() != 3 or mel.shape[1] != self.num_mels or mel.shape[2] == 0:
            raise UserError(
                f"the audio reference has shape {tuple(mel.shape)}: expected (batch, "
                f"{self.num_mels} mel bands, frames) from utils.compute_mel_spectrogram"
            )
        return mel
