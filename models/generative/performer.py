"""The performer: how a stem sounds that plays given notes, the velocity of the sound's own flow.

Composing needs the whole band and the whole segment; performing needs one stem, its notes and its
instrument. So the sound has a flow of its own: dilated ConvNeXt blocks over the frames of one stem,
which read the noisy sound, the score and what is known of the sound, steered by the flow time and
by the stem's voice (stem, instrument, dynamics, brightness, loudness). It hears no other stem.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from einops import rearrange
from torch import nn
from torch.nn import functional as F

from models.encoders.conditions import Conditions
from models.encoders.labels import NumberEmbedding, ProgramEmbedding, dynamics_scale
from models.generative.flow import time_features
from utils import NUM_STEMS, STEMS


@dataclass(frozen=True)
class PerformerConfig:
    """Sizes of the performer: channels, kernel in frames, the dilation of each block, and the width
    of a voice.
    """

    width: int = 192
    kernel: int = 7
    dilations: tuple[int, ...] = (1, 2, 4, 8, 1, 2) * 2
    voice_width: int = 128


def brightness_scale(octaves: torch.Tensor) -> torch.Tensor:
    """Spectral centroid in octaves over 1 kHz, to about [-1, 1] for music."""
    return octaves / 2.0


def loudness_scale(lufs: torch.Tensor) -> torch.Tensor:
    """Loudness in LUFS, around -14, to about [-1, 1]."""
    return (lufs + 14.0) / 10.0


class Voice(nn.Module):
    """What a stem sounds like (b s v): stem, instrument, dynamics, brightness, loudness.

    What is not said is a learned null.
    """

    NUMBERS = {
        "dynamics": dynamics_scale,
        "brightness": brightness_scale,
        "loudness": loudness_scale,
    }

    def __init__(self, width: int) -> None:
        super().__init__()
        self.stem = nn.Embedding(NUM_STEMS, width)
        self.program = ProgramEmbedding(width)
        self.numbers = nn.ModuleDict(
            {name: NumberEmbedding(width, scale) for name, scale in self.NUMBERS.items()}
        )
        pitched = torch.tensor([stem != "drums" for stem in STEMS])
        self.register_buffer("pitched", pitched, persistent=False)

    def forward(self, said: Conditions, batch_size: int) -> torch.Tensor:
        device = self.stem.weight.device
        program = said.program
        if program is None:
            program = torch.full((batch_size, NUM_STEMS), -1, device=device)
        voice = self.stem.weight + self.program(torch.where(self.pitched, program, -1))
        for name, embed in self.numbers.items():
            value = getattr(said, name)
            if value is None:
                value = torch.full((batch_size,), torch.nan, device=device)
            voice = voice + embed(value)[:, None]
        return voice


class PerformerBlock(nn.Module):
    """Dilated depthwise convolution, then two linear layers, under adaptive normalisation."""

    def __init__(self, config: PerformerConfig, dilation: int) -> None:
        super().__init__()
        width = config.width
        reach = config.kernel // 2 * dilation
        self.depthwise = nn.Conv1d(
            width, width, config.kernel, padding=reach, dilation=dilation, groups=width
        )
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.modulation = nn.Linear(config.voice_width, 3 * width)
        self.expand = nn.Linear(width, 3 * width)
        self.contract = nn.Linear(3 * width, width)
        self.scale = nn.Parameter(torch.full((width,), 1.0 / len(config.dilations)))
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)

    def forward(self, x: torch.Tensor, steer: torch.Tensor) -> torch.Tensor:
        """x (n l w), steer (n v) -> (n l w)."""
        shift, scale, gate = self.modulation(steer)[:, None].chunk(3, dim=-1)
        mixed = self.depthwise(x.transpose(1, 2)).transpose(1, 2)
        mixed = self.norm(mixed) * (1.0 + scale) + shift
        return x + (1.0 + gate) * self.scale * self.contract(F.gelu(self.expand(mixed)))


class Performer(nn.Module):
    """Velocity of the sound of every stem, given its notes."""

    def __init__(self, config: PerformerConfig, *, sound_dim: int, score_dim: int) -> None:
        super().__init__()
        self.config = config
        width, voice = config.width, config.voice_width
        self.voice = Voice(voice)
        self.time = nn.Sequential(nn.Linear(32, voice), nn.SiLU(), nn.Linear(voice, voice))
        self.sound_in = nn.Linear(sound_dim, width)
        self.score_in = nn.Sequential(
            nn.Linear(score_dim, width), nn.GELU(), nn.Linear(width, width)
        )
        self.known_in = nn.Linear(2, width, bias=False)
        self.blocks = nn.ModuleList(PerformerBlock(config, d) for d in config.dilations)
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.out_modulation = nn.Linear(voice, 2 * width)
        self.out = nn.Linear(width, sound_dim)
        for layer in (self.out, self.out_modulation):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    @property
    def reach(self) -> int:
        """Frames to either side that one output frame depends on."""
        return self.config.kernel // 2 * sum(self.config.dilations)

    def forward(
        self,
        sound: torch.Tensor,
        tau: torch.Tensor,
        score: torch.Tensor,
        known: torch.Tensor,
        said: Conditions,
    ) -> torch.Tensor:
        """Velocity (b s l d) of noisy sound (b s l d).

        Args:
            sound: known frames are clean, the rest is at flow time tau (b,).
            score: (b s l d) score latents, ignored where not known.
            known: (b s l 2) bool, True where sound and score are given.
            said: what is said of the b songs; program, dynamics, brightness and loudness are read.
        """
        b, s = sound.shape[:2]
        steer = self.voice(said, b) + self.time(time_features(tau))[:, None]
        x = self.sound_in(sound) + self.score_in(score * known[..., 1:]) * known[..., 1:]
        x = rearrange(x + self.known_in(known.to(sound.dtype)), "b s l w -> (b s) l w")
        steer = F.silu(rearrange(steer, "b s v -> (b s) v"))
        for block in self.blocks:
            x = block(x, steer)
        shift, scale = self.out_modulation(steer)[:, None].chunk(2, dim=-1)
        velocity = self.out(self.norm(x) * (1.0 + scale) + shift)
        return rearrange(velocity, "(b s) l d -> b s l d", s=s)
