"""How long does MSDM's network take? The published waveform diffusion model, beside ours.

Multi-Source Diffusion Models (Mariani et al. 2023, arXiv 2302.02257) draw four stems of 11.9 s with
150 calls of a U-Net on waveforms. Its network is the class `AudioDiffusionModel` of the package
audio-diffusion-pytorch 0.0.43 in the authors' configuration, with random weights, which cost as
much time as trained ones and say nothing about sound.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from utils import NUM_STEMS, SEGMENT_SAMPLES, UserError

if TYPE_CHECKING:
    import torch

CALLS_PER_SONG = 150
CONFIGURATION = {
    "in_channels": NUM_STEMS,
    "channels": 256,
    "patch_blocks": 1,
    "patch_factor": 16,
    "multipliers": [1, 2, 4, 4, 4, 4, 4],
    "factors": [4, 4, 4, 2, 2, 2],
    "num_blocks": [2, 2, 2, 2, 2, 2],
    "attentions": [False, False, False, True, True, True],
    "attention_heads": 8,
    "attention_features": 128,
    "diffusion_sigma_data": 0.2,
}
INSTALL = (
    "pip install --no-deps audio-diffusion-pytorch==0.0.43 einops-exts==0.0.4 "
    "data-science-types==0.2.23"
)


@dataclass(frozen=True)
class PeerCost:
    """What MSDM's network costs: one call, and the calls of a song of 11.9 s."""

    parameters: int
    seconds_per_call: float
    calls_per_song: int

    @property
    def seconds_per_song(self) -> float:
        return self.seconds_per_call * self.calls_per_song


def build_msdm() -> torch.nn.Module:
    """MSDM's denoiser with random weights, 405.5 M parameters.

    Raises:
        UserError: the package is not there, with the line that installs it.
    """
    try:
        from audio_diffusion_pytorch import AudioDiffusionModel
    except ImportError:
        raise UserError(
            f"MSDM's network is not installed: '{INSTALL}' (needed for this comparison alone)"
        ) from None
    return AudioDiffusionModel(**CONFIGURATION).eval()


def time_msdm(device: torch.device, *, calls: int = 3) -> PeerCost:
    """The median of some calls on one song of four stems, 262,144 samples, after a first call."""
    import torch

    model = build_msdm().to(device)
    x = torch.randn(1, NUM_STEMS, SEGMENT_SAMPLES, generator=torch.Generator().manual_seed(0))
    x, sigma = x.to(device), torch.ones(1, device=device)
    taken = []
    with torch.no_grad():
        for _ in range(calls + 1):
            start = time.perf_counter()
            float(model.unet(x, sigma).sum())
            taken.append(time.perf_counter() - start)
    parameters = sum(p.numel() for p in model.parameters())
    return PeerCost(parameters, statistics.median(taken[1:]), CALLS_PER_SONG)
