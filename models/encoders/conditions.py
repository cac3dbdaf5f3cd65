"""What was said, as the generator reads it.

`ConditionEncoder` turns `Conditions` into tokens for cross-attention, one token per stem, a pooled
vector for adaptive normalisation, the lead sheet at every frame, and plain columns for what is
linear in it. What nobody said is a learned null embedding, never an empty string; in plain columns
it is zero.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from torch import nn

from data.lead_sheet import NUM_SHEET_COLUMNS
from models.encoders.audio import AudioEncoder
from models.encoders.given import (
    DENSITIES,
    NAMES,
    SHEET_PARTS,
    SONG_LABELS,
    STEM_LABELS,
    Conditions,
    null_value,
)
from models.encoders.labels import (
    ID_NAMES,
    SONG_SCALES,
    IdEmbedding,
    KeyEmbedding,
    MeterEmbedding,
    Nullable,
    NumberEmbedding,
    StemEmbedding,
)
from models.encoders.lead_sheet import LeadSheetEncoder
from models.encoders.plain_labels import song_columns, stem_columns
from utils import NUM_STEMS, UserError

__all__ = [
    "DENSITIES",
    "NAMES",
    "SHEET_PARTS",
    "ConditionConfig",
    "ConditionEncoder",
    "Conditions",
    "Context",
]


@dataclass(frozen=True)
class ConditionConfig:
    """Sizes of the condition encoder.

    Attributes:
        width: e. sheet_columns: k. sheet_width: w. text_width: of the frozen sentence encoder.
        num_mels: f. audio_tokens: per reference. audio_width: channels of its convolutions.
    """

    width: int = 256
    sheet_columns: int = NUM_SHEET_COLUMNS
    sheet_width: int = 128
    text_width: int = 384
    num_mels: int = 128
    audio_tokens: int = 8
    audio_width: int = 128


@dataclass
class Context:
    """What the generator reads.

    Attributes:
        tokens: (b n e) for cross-attention, zeros where the mask is False.
        mask: (b n) bool, True where to attend; never empty.
        pooled: (b e) everything but the sheet in one vector, for adaptive normalisation.
        stems: (b s e) what is said of each stem (tokens too), to modulate that stem alone.
        sheet: (b l w) the lead sheet at every latent frame.
        song: (b k) labels as plain columns beside the sentence, zero where nothing is said.
        stem_facts: (b s k) what is said of each stem, as plain columns.
    """

    tokens: torch.Tensor
    mask: torch.Tensor
    pooled: torch.Tensor
    stems: torch.Tensor
    sheet: torch.Tensor
    song: torch.Tensor
    stem_facts: torch.Tensor


class TextAdapter(Nullable):
    """From frozen sentence-encoder states (b n 384) and their mask to tokens (b n e) and theirs.

    An item whose mask is False everywhere becomes one null token.
    """

    def __init__(self, text_width: int, width: int) -> None:
        super().__init__(width)
        self.project = nn.Sequential(
            nn.LayerNorm(text_width),
            nn.Linear(text_width, width),
            nn.SiLU(),
            nn.Linear(width, width),
        )
        self.sentence = nn.Parameter(torch.zeros(width))

    def forward(
        self, states: torch.Tensor, mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        known = mask.any(1, keepdim=True)
        tokens = self.project(states)
        first = self.choose(tokens[:, :1] + self.sentence, known)
        return torch.cat([first, tokens[:, 1:]], 1), torch.cat(
            [mask[:, :1] | ~known, mask[:, 1:]], 1
        )


class ConditionEncoder(nn.Module):
    """`Conditions` -> `Context`. Every parameter takes part in every call, whatever is null."""

    def __init__(self, config: ConditionConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.labels = nn.ModuleDict(
            {
                "style": IdEmbedding(len(ID_NAMES["style"]), width),
                "emotion": IdEmbedding(len(ID_NAMES["emotion"]), width),
                "genre": IdEmbedding(len(ID_NAMES["genre"]), width),
                "key": KeyEmbedding(width),
                "meter": MeterEmbedding(width),
                **{name: NumberEmbedding(width, scale) for name, scale in SONG_SCALES.items()},
            }
        )
        self.stems = StemEmbedding(width)
        self.audio = AudioEncoder(
            width,
            num_tokens=config.audio_tokens,
            num_mels=config.num_mels,
            channels=config.audio_width,
        )
        self.text = TextAdapter(config.text_width, width)
        self.sheet = LeadSheetEncoder(config.sheet_columns, config.sheet_width)
        self.norm = nn.LayerNorm(width)
        self.pool = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))

    def forward(
        self,
        conditions: Conditions,
        batch_size: int,
        num_frames: int,
        device: torch.device | str,
    ) -> Context:
        """Context of `batch_size` songs of `num_frames` latent frames."""
        self._check_shapes(conditions, batch_size, num_frames)
        said = self._filled(conditions, batch_size, device)
        labels = torch.stack([self.labels[n](getattr(said, n)) for n in SONG_LABELS], 1)
        stems = self.norm(self.stems(said.program, said.plays, said.density))
        audio = self.audio(said.mel, said.mel_mask)
        text, text_mask = self.text(said.text_tokens, said.text_mask)
        labels, audio, text = self.norm(labels), self.norm(audio), self.norm(text)
        summary = [labels.sum(1), stems.mean(1), audio.mean(1), text[:, 0]]
        tokens = torch.cat([labels, stems, audio, text * text_mask[..., None]], 1)
        mask = F.pad(text_mask, (tokens.shape[1] - text.shape[1], 0), value=True)
        pooled = self.pool(sum(summary) / (len(SONG_LABELS) + 3) ** 0.5)
        sheet = self.sheet(said.sheet).expand(-1, num_frames, -1)
        return Context(
            tokens=tokens,
            mask=mask,
            pooled=pooled,
            stems=stems,
            sheet=sheet,
            song=torch.cat([song_columns(said), self._sentence(text[:, 0], said)], -1),
            stem_facts=stem_columns(said),
        )

    def _sentence(self, token: torch.Tensor, said: Conditions) -> torch.Tensor:
        """The sentence (b e) as about a unit vector, zeros where no words are said."""
        known = said.text_mask.any(1, keepdim=True)
        return token * known / self.config.width**0.5

    def _filled(
        self, conditions: Conditions, batch_size: int, device: torch.device | str
    ) -> Conditions:
        """The same with null tensors, as short as possible, in place of None."""
        shapes = {
            "text_tokens": (1, self.config.text_width),
            "text_mask": (1,),
            **dict.fromkeys(STEM_LABELS, (NUM_STEMS,)),
            "mel": (self.config.num_mels, 1),
            "sheet": (1, self.config.sheet_columns),
        }
        values = dict(conditions.to(device).said())
        for f in fields(Conditions):
            if f.name not in values:
                shape = (batch_size, *shapes.get(f.name, ()))
                values[f.name] = torch.full(shape, null_value(f.name), device=device)
        return Conditions(**values)

    def _check_shapes(self, conditions: Conditions, batch_size: int, num_frames: int) -> None:
        """Sizes, and the widths that another text encoder or version of the sheet would change."""
        if conditions.batch_size not in (None, batch_size):
            raise UserError(f"conditions for {conditions.batch_size} songs, not for {batch_size}")
        if conditions.sheet is not None and conditions.sheet.shape[1] != num_frames:
            raise ValueError(f"a sheet of {conditions.sheet.shape[1]} frames for {num_frames}")
        wanted = {"text_tokens": self.config.text_width, "sheet": self.config.sheet_columns}
        for name, width in wanted.items():
            value = getattr(conditions, name)
            if value is not None and value.shape[-1] != width:
                raise UserError(
                    f"{name} has width {value.shape[-1]}, these weights were trained with {width}: "
                    "use the text encoder and the version that they were trained with"
                )
