"""Complete configurations: `tiny` for tests, `small` ships, `base` is for people with GPUs.

One dial, the hidden width of the composer (its meso scale), sets the rest.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from models.encoders.conditions import ConditionConfig
from models.encoders.visual import VisualConfig
from models.generative.performer import PerformerConfig
from models.generative.planner import PlannerConfig
from models.generative.transformer import TransformerConfig
from models.latent.codec import CodecConfig
from models.latent.score import ScoreCodecConfig
from models.latent.transcriber import TranscriberConfig
from utils import UserError, did_you_mean


@dataclass(frozen=True)
class HarmonicFlowConfig:
    """Everything that defines a model's weights; JSON-serialisable through `to_dict`."""

    preset: str = "base"
    codec: CodecConfig = field(default_factory=CodecConfig)
    score_codec: ScoreCodecConfig = field(default_factory=ScoreCodecConfig)
    conditions: ConditionConfig = field(default_factory=ConditionConfig)
    transformer: TransformerConfig = field(default_factory=TransformerConfig)
    planner: PlannerConfig = field(default_factory=PlannerConfig)
    transcriber: TranscriberConfig = field(default_factory=TranscriberConfig)
    performer: PerformerConfig = field(default_factory=PerformerConfig)
    visual: VisualConfig = field(default_factory=VisualConfig)

    def to_dict(self) -> dict[str, Any]:
        """Nested plain dictionaries and lists."""
        return _plain(dataclasses.asdict(self))

    @staticmethod
    def from_dict(values: dict[str, Any]) -> HarmonicFlowConfig:
        """The configuration a checkpoint carries.

        Raises:
            UserError: a name that this version does not know.
        """
        return _build(HarmonicFlowConfig, values, "config")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(v) for name, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value


def _build(kind: type, values: dict[str, Any], where: str) -> Any:
    """A dataclass of a kind from nested dictionaries; nested kinds are read off its defaults."""
    if not isinstance(values, dict):
        raise UserError(f"'{where}' in the model's configuration is {values!r}: expected settings")
    default = kind()
    known = {f.name for f in dataclasses.fields(kind)}
    for name in values:
        if name not in known:
            hint = did_you_mean(name, sorted(known))
            raise UserError(
                f"unknown setting '{where}.{name}' in the model's configuration: {hint}"
            )
    built = {}
    for name, value in values.items():
        current = getattr(default, name)
        if dataclasses.is_dataclass(current):
            value = _build(type(current), value, f"{where}.{name}")
        elif isinstance(current, tuple):
            value = tuple(value)
        built[name] = value
    return dataclasses.replace(default, **built)


def tiny(hidden_dim: int = 32, latent_dim: int = 8) -> HarmonicFlowConfig:
    """Trains in a minute on a CPU; what the tests use."""
    codec = CodecConfig(latent_dim, 32, 48, (1, 1), (1, 1))
    score = ScoreCodecConfig(latent_dim=16, width=48, encoder_depth=1, decoder_depth=1)
    planner_conditions = ConditionConfig(width=32, sheet_width=1, audio_tokens=2, audio_width=16)
    return _scaled(
        "tiny",
        hidden_dim,
        codec,
        score,
        depths=(1, 1, 1),
        head_dim=16,
        context=32,
        planner=PlannerConfig(width=48, depth=2, heads=2, conditions=planner_conditions),
        transcriber=TranscriberConfig(width=48, depth=2),
        performer=PerformerConfig(width=48, dilations=(1, 2, 4), voice_width=32),
    )


def small(hidden_dim: int = 192, latent_dim: int = 64) -> HarmonicFlowConfig:
    """Ships: runs faster than real time on a laptop's CPU."""
    codec = CodecConfig(latent_dim=latent_dim)
    return _scaled("small", hidden_dim, codec, ScoreCodecConfig(), depths=(1, 2, 2), context=192)


def base(hidden_dim: int = 1_024, latent_dim: int = 256) -> HarmonicFlowConfig:
    """The documents' default size, for people with GPUs."""
    codec = CodecConfig(latent_dim, 256, 768, (2, 4), (3, 8))
    score = ScoreCodecConfig(latent_dim=64, width=384, encoder_depth=2, decoder_depth=3)
    planner = PlannerConfig(width=384, depth=6, heads=6)
    return _scaled(
        "base",
        hidden_dim,
        codec,
        score,
        depths=(2, 4, 4),
        head_dim=64,
        context=512,
        planner=planner,
        transcriber=TranscriberConfig(width=384, depth=6),
        performer=PerformerConfig(512, 7, (1, 2, 4, 8, 16, 1, 2, 4, 8, 16), voice_width=256),
    )


def _scaled(
    preset: str,
    hidden_dim: int,
    codec: CodecConfig,
    score_codec: ScoreCodecConfig,
    *,
    depths: tuple[int, int, int],
    head_dim: int = 32,
    context: int = 256,
    planner: PlannerConfig | None = None,
    transcriber: TranscriberConfig | None = None,
    performer: PerformerConfig | None = None,
) -> HarmonicFlowConfig:
    """A configuration whose composer is `hidden_dim` wide at the meso scale."""
    if hidden_dim < 1 or hidden_dim % (2 * head_dim):
        raise UserError(
            f"hidden_dim {hidden_dim} must be a multiple of {2 * head_dim} for '{preset}'"
        )
    sheet = max(hidden_dim // 2, 32)
    conditions = ConditionConfig(width=context, sheet_width=sheet)
    transformer = TransformerConfig(
        widths=(hidden_dim // 2, hidden_dim, hidden_dim * 3 // 2),
        depths=depths,
        head_dim=head_dim,
        context_width=context,
        sheet_width=sheet,
    )
    return HarmonicFlowConfig(
        preset,
        codec,
        score_codec,
        conditions,
        transformer,
        planner or PlannerConfig(),
        transcriber or TranscriberConfig(),
        performer or PerformerConfig(),
    )


PRESETS: dict[str, Callable[..., HarmonicFlowConfig]] = {"tiny": tiny, "small": small, "base": base}


def build(
    preset: str, *, hidden_dim: int | None = None, latent_dim: int | None = None
) -> HarmonicFlowConfig:
    """A preset by name, with its two widths changed where given."""
    if preset not in PRESETS:
        raise UserError(f"unknown preset '{preset}': {did_you_mean(preset, list(PRESETS))}")
    given = {"hidden_dim": hidden_dim, "latent_dim": latent_dim}
    return PRESETS[preset](**{name: v for name, v in given.items() if v is not None})
