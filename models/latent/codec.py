"""Audio codec: stems (b s t) to sound latents (b s l d) at 21.5 Hz and back, one network for all
stems.

Spectral frames (hop 256) in a compressed complex domain -> ConvNeXt blocks -> four frames folded
into one latent frame -> ConvNeXt blocks -> Gaussian bottleneck; the decoder mirrors it and ends in
an inverse STFT, so that all work is done at 86 or 21.5 Hz and none per sample. In the compressed
domain a spectrum Z stands for Z / sqrt|Z|: quiet partials weigh as much as they are heard, silence
is zero. What the decoder draws is multiplied by a gate per bin, since a sum cannot be silent
between the partials and a factor can. Where the notes of a stem are known, the decoder also filters
what they excite (`models.latent.excitation`): a copy of a recording follows its phases, a
performance has its partials and its noise where its notes are. The encoder does not know which stem
it hears; the decoder does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from einops import rearrange
from torch import nn
from torch.nn import functional as F

from models.latent.blocks import LatentNorm, convnext_stack, in_pieces
from models.latent.excitation import Excite
from utils import FRAME_SAMPLES, NUM_STEMS

KERNEL = 7
GATE_RANGE = (-8.0, 4.0)  # natural logarithm of a factor on the compressed spectrum
FIRST_FILTER = -3.0  # the same, of the excitation before training


@dataclass(frozen=True)
class CodecConfig:
    """Sizes of the audio codec.

    latent_dim: width d of a sound latent. fine_width, coarse_width: channels at 86 Hz and 21.5 Hz.
    encoder_depth, decoder_depth: ConvNeXt blocks at (86 Hz, 21.5 Hz). hop_samples must divide
        1,024.
    """

    latent_dim: int = 64
    fine_width: int = 160
    coarse_width: int = 320
    encoder_depth: tuple[int, int] = (1, 2)
    decoder_depth: tuple[int, int] = (4, 4)
    n_fft: int = 1_024
    hop_samples: int = 256

    @property
    def fold(self) -> int:
        """Spectral frames per latent frame."""
        return FRAME_SAMPLES // self.hop_samples

    def reach(self, depth: tuple[int, int]) -> int:
        """Latent frames to either side that a stack of (fine, coarse) blocks and a window see."""
        fine, coarse = (KERNEL // 2 * blocks for blocks in depth)
        return coarse + -(-(fine * self.hop_samples + self.n_fft) // FRAME_SAMPLES)


class CompressedSpectrum(nn.Module):
    """STFT and inverse STFT with frames aligned to hops, in the compressed complex domain.

    t samples give t / hop frames; a spectrum is (b, frames, 2 (n_fft / 2 + 1)), real then
    imaginary parts.
    """

    def __init__(self, n_fft: int, hop_samples: int) -> None:
        super().__init__()
        self.n_fft, self.hop_samples = n_fft, hop_samples
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)

    @property
    def width(self) -> int:
        return 2 * (self.n_fft // 2 + 1)

    def forward(self, audio: torch.Tensor) -> torch.Tensor:
        """Compressed spectrum (b, frames, width) of audio (b, t)."""
        margin = (self.n_fft - self.hop_samples) // 2
        frames = F.pad(audio, (margin, margin)).unfold(-1, self.n_fft, self.hop_samples)
        spectrum = torch.fft.rfft(frames * self.window, norm="ortho")
        magnitude = (spectrum.real.square() + spectrum.imag.square() + 1e-8).sqrt()
        compressed = spectrum * magnitude.rsqrt()
        return torch.cat([compressed.real, compressed.imag], dim=-1)

    def inverse(self, compressed: torch.Tensor) -> torch.Tensor:
        """Audio (b, frames x hop) of a compressed spectrum."""
        real, imag = compressed.float().chunk(2, dim=-1)
        magnitude = (real.square() + imag.square() + 1e-8).sqrt()
        spectrum = torch.complex(real * magnitude, imag * magnitude)
        frames = torch.fft.irfft(spectrum, self.n_fft, norm="ortho") * self.window
        audio = self._overlap_add(frames)
        ones = self.window.square().expand(1, frames.shape[1], -1)
        envelope = self._overlap_add(ones).clamp_min(1e-3)
        return audio / envelope

    def _overlap_add(self, frames: torch.Tensor) -> torch.Tensor:
        num_frames = frames.shape[1]
        length = (num_frames - 1) * self.hop_samples + self.n_fft
        columns = rearrange(frames, "b m n -> b n m")
        total = F.fold(columns, (1, length), (1, self.n_fft), stride=(1, self.hop_samples))
        margin = (self.n_fft - self.hop_samples) // 2
        return total[:, 0, 0, margin : margin + num_frames * self.hop_samples]


@dataclass
class CodecPosterior:
    """Gaussian over codec-scale latents: mean and log-variance, both (b l d)."""

    mean: torch.Tensor
    logvar: torch.Tensor

    def sample(self, generator: torch.Generator | None) -> torch.Tensor:
        noise = torch.randn(self.mean.shape, generator=generator).to(self.mean)
        return self.mean + noise * (0.5 * self.logvar).exp()

    def kl(self, counted: torch.Tensor) -> torch.Tensor:
        """Divergence from a unit Gaussian, nats per dimension and frame, of items counted (b,)
        bool.
        """
        nats = 0.5 * (self.mean.square() + self.logvar.exp() - 1.0 - self.logvar)
        return (nats.mean((1, 2)) * counted).sum() / counted.sum().clamp_min(1)


class Codec(nn.Module):
    """The audio codec; `encode` and `decode` speak unit-scale latents (b s l d)."""

    PIECE_FRAMES = 256

    def __init__(self, config: CodecConfig = CodecConfig()) -> None:
        super().__init__()
        self.config = config
        fine, coarse, fold = config.fine_width, config.coarse_width, config.fold
        self.spectrum = CompressedSpectrum(config.n_fft, config.hop_samples)
        self.encoder_in = nn.Linear(self.spectrum.width, fine)
        self.encoder_fine = convnext_stack(fine, config.encoder_depth[0], kernel=KERNEL)
        self.encoder_fold = nn.Linear(fold * fine, coarse)
        self.encoder_coarse = convnext_stack(coarse, config.encoder_depth[1], kernel=KERNEL)
        self.encoder_out = nn.Sequential(
            nn.LayerNorm(coarse), nn.Linear(coarse, 2 * config.latent_dim)
        )
        self.decoder_in = nn.Linear(config.latent_dim, coarse)
        self.decoder_stem = nn.Parameter(torch.zeros(NUM_STEMS, coarse))
        self.decoder_coarse = convnext_stack(coarse, config.decoder_depth[1], kernel=KERNEL)
        self.decoder_unfold = nn.Linear(coarse, fold * fine)
        self.decoder_fine = convnext_stack(fine, config.decoder_depth[0], kernel=KERNEL)
        self.decoder_out = nn.Sequential(nn.LayerNorm(fine), nn.Linear(fine, self.spectrum.width))
        self.decoder_gate = nn.Sequential(
            nn.LayerNorm(fine), nn.Linear(fine, self.spectrum.width // 2)
        )
        unset = nn.utils.skip_init  # values are set below
        self.decoder_excited = unset(nn.Linear, self.spectrum.width // 2, fine, bias=False)
        self.decoder_filter = nn.Sequential(
            nn.LayerNorm(fine), unset(nn.Linear, fine, self.spectrum.width // 2)
        )
        nn.init.zeros_(self.decoder_gate[1].weight)
        nn.init.zeros_(self.decoder_gate[1].bias)
        nn.init.zeros_(self.decoder_excited.weight)
        nn.init.zeros_(self.decoder_filter[1].weight)
        nn.init.constant_(self.decoder_filter[1].bias, FIRST_FILTER)
        self.norm = LatentNorm(NUM_STEMS, config.latent_dim)

    def posterior(self, audio: torch.Tensor) -> CodecPosterior:
        """Distribution of the latents of audio (b, t); t must be a multiple of 1,024."""
        if audio.shape[-1] % FRAME_SAMPLES:
            raise ValueError(f"audio of {audio.shape[-1]} samples is not a multiple of 1,024")
        x = self.encoder_fine(self.encoder_in(self.spectrum(audio)))
        x = self.encoder_fold(rearrange(x, "b (l r) w -> b l (r w)", r=self.config.fold))
        mean, logvar = self.encoder_out(self.encoder_coarse(x)).chunk(2, dim=-1)
        return CodecPosterior(mean, logvar.clamp(-12.0, 4.0))

    def synthesise(
        self, latents: torch.Tensor, excitation: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Audio (b, l x 1,024) of codec-scale latents (b l d), in one piece; item i is of stem
        i mod 4.

        Args:
            excitation: (b, l x 1,024) of the notes that are played; None where nobody knows them.
        """
        stems = self.decoder_stem[torch.arange(len(latents)) % NUM_STEMS]
        x = self.decoder_coarse(self.decoder_in(latents) + stems[:, None])
        x = rearrange(self.decoder_unfold(x), "b l (r w) -> b (l r) w", r=self.config.fold)
        twice = lambda factor: torch.cat([factor, factor], dim=-1)
        filtered = 0.0
        if excitation is not None:
            excited = self.spectrum(excitation)
            real, imag = excited.chunk(2, dim=-1)
            x = x + self.decoder_excited(torch.hypot(real, imag))
        x = self.decoder_fine(x)
        if excitation is not None:
            filtered = twice(self.decoder_filter(x).clamp(*GATE_RANGE).exp()) * excited
        gate = self.decoder_gate(x).clamp(*GATE_RANGE).exp()
        return self.spectrum.inverse(self.decoder_out(x) * twice(gate) + filtered)

    def decoder(self) -> Iterator[nn.Parameter]:
        """Parameters of the way from latents to audio."""
        return (p for name, p in self.named_parameters() if name.startswith("decoder_"))

    def encode(self, audio: torch.Tensor) -> torch.Tensor:
        """Unit-scale latents (b s l d) of stems (b s t), t a multiple of 1,024; no randomness.

        Memory does not grow with t beyond the output.
        """
        if audio.shape[-1] % FRAME_SAMPLES:
            raise ValueError(f"audio of {audio.shape[-1]} samples is not a multiple of 1,024")
        means = in_pieces(
            lambda x: torch.cat([self.posterior(part).mean for part in x.split(16)]),
            rearrange(audio, "b s t -> (b s) t"),
            frames=self.PIECE_FRAMES,
            context=self.config.reach(self.config.encoder_depth),
            rates=(FRAME_SAMPLES, 1),
        )
        whole = rearrange(torch.cat(list(means), 1), "(b s) l d -> b s l d", b=len(audio))
        return self.norm.normalise(whole)

    def decode(self, latents: torch.Tensor, excitation: torch.Tensor | None = None) -> torch.Tensor:
        """Stems (b s t) of unit-scale latents (b s l d).

        Args:
            excitation: (b s t) of the notes that are played; None where nobody knows them.
        """
        excite = None
        if excitation is not None:
            excite = lambda first, last: excitation[
                ..., first * FRAME_SAMPLES : last * FRAME_SAMPLES
            ]
        return torch.cat(list(self.pieces(latents, excite)), -1)

    def pieces(self, latents: torch.Tensor, excite: Excite | None = None) -> Iterator[torch.Tensor]:
        """The same stems piece after piece, (b s t') of 256 latent frames each; memory does not
        grow with l.
        """
        beside = None
        if excite is not None:
            beside = lambda first, last: rearrange(
                excite(first, last).to(latents.device), "b s t -> (b s) t"
            )
        pieces = in_pieces(
            self._in_parts,
            rearrange(self.norm.restore(latents), "b s l d -> (b s) l d"),
            frames=self.PIECE_FRAMES,
            context=self.config.reach(self.config.decoder_depth),
            rates=(1, FRAME_SAMPLES),
            beside=beside,
        )
        for piece in pieces:
            yield rearrange(piece, "(b s) t -> b s t", b=len(latents))

    def _in_parts(self, *args: torch.Tensor) -> torch.Tensor:
        """`synthesise` for four stems at a time."""
        parts = zip(*(x.split(4) for x in args), strict=True)
        return torch.cat([self.synthesise(*part) for part in parts])
