"""What can be said about a segment in one word or one number, and tables of the words.

Labels come from facts that travel with a song (tags) or are computed from its notes. Nothing is
ever drawn at random or filled in: unknown is -1 for an id and nan for a number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from data.bars import meter_of, strokes
from data.brightness import brightness
from data.emotion import EMOTIONS, cues_of, nearest_emotion, valence_arousal
from data.lead_sheet import LeadSheet
from data.loudness import loudness
from data.movement import STYLES, style_of, swing_of
from data.score import Score
from utils import NUM_STEMS, SAMPLE_RATE, STEMS

if TYPE_CHECKING:
    import torch

GENRES = (
    "pop",
    "soul",
    "funk",
    "jazz",
    "country",
    "rock",
    "electronic",
    "reggae",
    "blues",
    "latin",
)
# genre names met in data -> ours; classical_soundtrack has no place among ours and stays unknown
GENRE_OF = {
    "rock": "rock",
    "metal": "rock",
    "pop": "pop",
    "soul_rnb": "soul",
    "hiphop": "soul",
    "funk_disco": "funk",
    "jazz": "jazz",
    "country_folk": "country",
    "electronic": "electronic",
    "reggae": "reggae",
    "blues": "blues",
    "latin": "latin",
}


REGISTER_STEMS = ("guitar", "piano")


@dataclass(frozen=True)
class LabelSpec:
    """How a label is stored: its kind, its shape for one segment, what means unknown."""

    dtype: str
    shape: tuple[int, ...] = ()

    @property
    def unknown(self) -> float:
        return -1 if self.dtype == "int64" else float("nan")


LABEL_SPECS: dict[str, LabelSpec] = {
    "style": LabelSpec("int64"),
    "emotion": LabelSpec("int64"),
    "genre": LabelSpec("int64"),
    "valence": LabelSpec("float32"),
    "arousal": LabelSpec("float32"),
    "tempo": LabelSpec("float32"),
    "key": LabelSpec("int64"),
    "meter": LabelSpec("int64"),
    "swing": LabelSpec("float32"),
    "dynamics": LabelSpec("float32"),
    "register": LabelSpec("float32"),
    "loudness": LabelSpec("float32"),
    "brightness": LabelSpec("float32"),
    "program": LabelSpec("int64", (NUM_STEMS,)),
    "plays": LabelSpec("int64", (NUM_STEMS,)),
    "density": LabelSpec("float32", (NUM_STEMS,)),
}


def unknown_labels() -> dict[str, Any]:
    """Labels of a segment about which nothing is known."""
    return {name: _typed(spec, spec.unknown) for name, spec in LABEL_SPECS.items()}


def _typed(spec: LabelSpec, value: Any) -> Any:
    """The value as numpy array of the label's shape, or as a plain number."""
    array = np.broadcast_to(np.asarray(value, spec.dtype), spec.shape)
    return array.copy() if spec.shape else array.item()


def labels_of(
    score: Score | None,
    tags: Mapping[str, Any],
    present: np.ndarray,
    sheet: LeadSheet | None = None,
    audio: np.ndarray | None = None,
) -> dict[str, Any]:
    """Labels of a segment.

    Args:
        score: the segment's notes; None when there are none to read.
        tags: facts about the song; `style`, `emotion` and `genre` (a name or an id) are believed.
        present: bool (s,), False where the stem does not exist.
        sheet: `LeadSheet.from_score(score)` where it is at hand already.
        audio: stems (s, t) at 22,050 Hz, for loudness and brightness of their mix.

    Returns:
        style, emotion, genre (ids, -1 unknown), valence, arousal (-1 to 1, nan unknown; the proxy
        of `data.emotion`), tempo (bpm, nan), key (0-23, -1), meter (beats per bar 2-12, -1), swing
        (long eighth / (long + short), 0.5-0.72, nan), dynamics (mean velocity / 127, nan), register
        (mean MIDI pitch of guitar and piano, nan), loudness (LUFS, nan), brightness (octaves over
        1 kHz, nan), program (s,) (General MIDI, 128 drums, -1), plays (s,) (1 sounds in the
        segment, 0 silent, -1 unknown), density (s,) (strokes per second, nan).
    """
    labels = {**unknown_labels(), **tagged(tags)}
    if audio is not None:
        labels.update(sound_labels(audio.sum(0)))
    if score is None:
        return labels
    sheet = LeadSheet.from_score(score) if sheet is None else sheet
    if labels["style"] < 0:
        genre = GENRES[labels["genre"]] if labels["genre"] >= 0 else None
        labels["style"] = style_of(score, sheet, genre)
    emotion = _feeling(score, sheet)
    labels.update({n: v for n, v in emotion.items() if n != "emotion" or labels["emotion"] < 0})
    labels["key"] = -1 if sheet.key is None else sheet.key_index
    labels["tempo"] = float("nan") if sheet.bpm is None else sheet.bpm
    labels["meter"] = meter_of(sheet.beat_in_bar)
    labels["swing"] = swing_of(score, sheet)
    labels.update(_labels_per_stem(score, np.asarray(present, bool)))
    return labels


def tagged(tags: Mapping[str, Any]) -> dict[str, int]:
    """Style, emotion and genre that the tags of a song name; -1 where they do not."""
    genre = tags.get("genre")
    return {
        "style": named_id(tags.get("style"), STYLES),
        "emotion": named_id(tags.get("emotion"), EMOTIONS),
        "genre": named_id(GENRE_OF.get(genre, genre), GENRES),
    }


def sound_labels(mix: np.ndarray) -> dict[str, float]:
    """Loudness and brightness of mono audio (t,) at 22,050 Hz; nan for silence."""
    lufs = loudness(mix, SAMPLE_RATE)
    return {
        "loudness": lufs if np.isfinite(lufs) else float("nan"),
        "brightness": brightness(mix, SAMPLE_RATE),
    }


def _feeling(score: Score, sheet: LeadSheet) -> dict[str, Any]:
    """Valence, arousal and the emotion nearest to them."""
    cues = cues_of(score, sheet)
    if cues is None:
        return {}
    valence, arousal = valence_arousal(cues)
    return {"emotion": nearest_emotion(valence, arousal), "valence": valence, "arousal": arousal}


def named_id(value: object, names: Sequence[str]) -> int:
    """Index of a name (or of an index in range) in a table; -1 for anything else."""
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return int(value) if 0 <= value < len(names) else -1
    name = str(value).strip().lower()
    return names.index(name) if name in names else -1


def _labels_per_stem(score: Score, present: np.ndarray) -> dict[str, Any]:
    program, plays = np.full(NUM_STEMS, -1), np.full(NUM_STEMS, -1)
    density = np.full(NUM_STEMS, np.nan, np.float32)
    velocity = []
    for index, stem in enumerate(STEMS):
        if not present[index]:
            continue
        notes = score.notes[stem]
        known = score.programs.get(stem)
        program[index] = -1 if known is None else known
        plays[index] = int(len(notes) > 0)
        density[index] = len(strokes(notes)) / score.duration if score.duration > 0 else np.nan
        velocity.append(notes.velocity)
    chords = [score.notes[s].pitch for s in REGISTER_STEMS if present[STEMS.index(s)]]
    return {
        "program": program,
        "plays": plays,
        "density": density,
        "dynamics": _mean(velocity) / 127.0,
        "register": _mean(chords),
    }


def _mean(parts: Sequence[np.ndarray]) -> float:
    """Mean over all parts; nan when they are empty."""
    values = np.concatenate([*parts, np.zeros(0)])
    return float(values.mean()) if len(values) else float("nan")


def collate_labels(labels: Sequence[Mapping[str, Any]]) -> dict[str, torch.Tensor]:
    """Labels of b segments as tensors (b,) and (b, s)."""
    import torch

    stacked = {}
    for name, spec in LABEL_SPECS.items():
        rows = np.stack([np.asarray(item[name], spec.dtype) for item in labels])
        stacked[name] = torch.from_numpy(rows)
    return stacked
