"""Valence and arousal of pictures by a pretrained CLIP, which knows what is shown.

Zero-shot: a frame is compared with sentences about moods, and its point is the mean of their
emotions' points, weighted by how well each fits (Radford et al. 2021, "Learning transferable visual
models from natural language supervision"). Movement is measured by frame differences, because CLIP
sees one frame at a time. CLIP is not part of this project's weights: name a folder or a hub id.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import nn

from data.pictures.features import PACE_WEIGHT, measured_pace
from data.pictures.files import Clip
from models.encoders.visual import Seen
from models.generative.emotion import point_of
from utils import UserError

if TYPE_CHECKING:
    from transformers import CLIPModel, PreTrainedTokenizerBase

# emotion (None: the middle of the plane) -> sentences
MOODS: dict[str | None, tuple[str, ...]] = {
    "happy": ("a cheerful, sunny picture", "people laughing and celebrating"),
    "sad": ("a sad picture", "someone grieving, alone in the rain"),
    "calm": ("a calm, peaceful picture", "still water and a quiet landscape"),
    "energetic": ("an exciting, dynamic picture", "people dancing, running, jumping"),
    "angry": ("an angry, aggressive picture", "fire, fighting and destruction"),
    "tense": ("a frightening, threatening picture", "a dark and dangerous place"),
    "tender": ("a tender, loving picture", "a mother holding her child"),
    "melancholic": ("a melancholic, lonely picture", "an empty street in the fog"),
    None: ("an ordinary picture", "a plain photo of an object"),
}
MEAN, DEVIATION = (0.4815, 0.4578, 0.4082), (0.2686, 0.2613, 0.2758)  # of CLIP's training pixels
CHUNK_FRAMES = 32
PACE_SIDE = 64


class PretrainedVisual:
    """A frozen CLIP that gives the same `Seen` as `VisualEncoder`; its tokens are image embeddings.

    Args:
        source: a folder with a CLIP model and its tokenizer as `transformers` saves them, or a hub
            id such as "openai/clip-vit-base-patch32".
        local_files_only: True never downloads.

    Raises:
        UserError: there is no such model, or it is not a CLIP.
    """

    def __init__(
        self,
        source: str,
        *,
        device: str | torch.device = "cpu",
        local_files_only: bool = True,
    ) -> None:
        model, tokenizer = _load(source, local_files_only)
        self.model = model.eval().requires_grad_(False).to(device)
        self.device = torch.device(device)
        self.side = model.config.vision_config.image_size
        sentences = [(mood, text) for mood, texts in MOODS.items() for text in texts]
        points = [(0.0, 0.0) if mood is None else point_of(mood) for mood, _ in sentences]
        self.points = torch.tensor(points, device=self.device)
        self.moods = self._read(tokenizer, [text for _, text in sentences])

    @torch.no_grad()
    def see(self, clips: Sequence[Clip]) -> Seen:
        """Pictures and clips of any lengths and sizes; tokens (b m e), one per frame."""
        parts = [self._see(clip) for clip in clips]
        tokens, valence, arousal, pace = (
            nn.utils.rnn.pad_sequence(values, batch_first=True)
            for values in zip(*parts, strict=True)
        )
        lengths = torch.tensor([len(clip.frames) for clip in clips], device=self.device)
        mask = torch.arange(tokens.shape[1], device=self.device) < lengths[:, None]
        return Seen(tokens, valence, arousal, pace, mask)

    def _see(self, clip: Clip) -> tuple[torch.Tensor, ...]:
        """Embeddings (m e), valence, arousal and pace (m,) of one clip."""
        frames = torch.from_numpy(clip.frames).float()
        small = F.adaptive_avg_pool2d(frames, (PACE_SIDE, PACE_SIDE)).numpy()
        pace = torch.from_numpy(measured_pace(small)).float().to(self.device)
        tokens = torch.cat(
            [self._look(part.to(self.device)) for part in frames.split(CHUNK_FRAMES)]
        )
        fit = self.model.logit_scale.exp() * tokens @ self.moods.T
        valence, arousal = (fit.softmax(-1) @ self.points).unbind(-1)
        moved = torch.tanh(arousal.clamp(-0.999, 0.999).atanh() + PACE_WEIGHT * pace)
        return tokens, valence, moved, pace

    def _look(self, frames: torch.Tensor) -> torch.Tensor:
        """Unit embeddings (m e) of the middle squares of frames (m 3 h w)."""
        height, width = frames.shape[-2:]
        scale = self.side / min(height, width)
        size = (max(self.side, round(height * scale)), max(self.side, round(width * scale)))
        scaled = F.interpolate(frames, size=size, mode="bicubic", antialias=True).clamp(0.0, 1.0)
        top, left = (size[0] - self.side) // 2, (size[1] - self.side) // 2
        square = scaled[..., top : top + self.side, left : left + self.side]
        mean, deviation = (square.new_tensor(v)[:, None, None] for v in (MEAN, DEVIATION))
        pooled = self.model.vision_model(pixel_values=(square - mean) / deviation).pooler_output
        return F.normalize(self.model.visual_projection(pooled), dim=-1)

    @torch.no_grad()
    def _read(self, tokenizer: PreTrainedTokenizerBase, sentences: list[str]) -> torch.Tensor:
        """Unit embeddings (k e) of sentences."""
        words = tokenizer(sentences, padding=True, return_tensors="pt").to(self.device)
        pooled = self.model.text_model(
            input_ids=words.input_ids, attention_mask=words.attention_mask
        ).pooler_output
        return F.normalize(self.model.text_projection(pooled), dim=-1)


def _load(source: str, local_files_only: bool) -> tuple[CLIPModel, PreTrainedTokenizerBase]:
    from transformers import AutoConfig, AutoTokenizer, CLIPModel

    try:
        with _quiet():
            config = AutoConfig.from_pretrained(source, local_files_only=local_files_only)
            if config.model_type != "clip":
                raise ValueError(f"it is a '{config.model_type}' model")
            tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=local_files_only)
            model = CLIPModel.from_pretrained(source, local_files_only=local_files_only)
    except (OSError, ValueError) as error:
        raise UserError(
            f"no CLIP at '{source}' ({str(error).splitlines()[0]}): expected a folder with a CLIP "
            "model and tokenizer, or a hub id already downloaded"
        ) from None
    return model, tokenizer


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """`transformers` without progress bars or advice."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
