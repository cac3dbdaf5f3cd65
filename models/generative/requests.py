"""From what a user says to `generate` to `Conditions` and given lead sheets, every value checked.

What a prompt says outright (`data.prompts`) counts as said; an argument comes before it. A style,
an emotion or a genre that is asked by its id is read as its name, too. A picture is a point of
valence and arousal; a recording, given as a waveform, also tells its tempo, brightness, loudness
and how densely it is played.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from data.brief import NAMES_OF
from data.chords import KEYS, parse_key
from data.lead_sheet import LeadSheet
from data.prompts import SpokenFacts, read_prompt, unwanted_stems
from models.encoders.conditions import Conditions
from models.generative.edits import Keep
from models.generative.emotion import EmotionCurve
from utils import NUM_STEMS, STEMS, UserError, compute_mel_spectrogram, did_you_mean

if TYPE_CHECKING:
    from data.pictures.files import Clip
    from models.harmonicflow import HarmonicFlow

HEARD = ("tempo", "loudness", "brightness")  # what the result takes over from a recording
# strokes per second of a stem from those heard in a mix, a * rate ** b: least squares of the
# logarithms over 100 training segments (rho of the sum with the truth 0.83)
STROKES_OF_MIX = {
    "bass": (0.82, 0.76),
    "drums": (0.80, 1.09),
    "guitar": (0.71, 0.88),
    "piano": (0.98, 0.39),
}


@dataclass(frozen=True)
class Wishes:
    """What is said of b songs; arguments as in `HarmonicFlow.generate`.

    Attributes:
        prompts: one for each song; None when no words are said.
        spoken: facts of each song, from arguments and prompts.
        ids: style, emotion and genre. numbers: labels of a whole song, by name.
        density: onsets per second of each stem. mel: power mel of a reference (f m), (b f m).
        heard: what the reference tells, by label ("strokes" per second among them). curve: of a
            video.
    """

    prompts: list[str] | None
    spoken: list[SpokenFacts]
    ids: Mapping[str, torch.Tensor | int | None]
    numbers: Mapping[str, float]
    density: Mapping[str, float] | None = None
    mel: torch.Tensor | None = None
    heard: Mapping[str, float] | None = None
    curve: EmotionCurve | None = None

    def conditions(self, model: HarmonicFlow) -> Conditions:
        """The same as the model reads it."""
        b = len(self.spoken)
        values: dict[str, Any] = {name: _ids(value, b) for name, value in self.ids.items()}
        if (words := self.words()) is not None:
            values["text_tokens"], values["text_mask"] = model.text.encode(words)
        if self.mel is not None:
            values["mel"] = _reference(self.mel, b)
        said = lambda of, null: [null if (v := of(f)) is None else v for f in self.spoken]
        values["tempo"] = torch.tensor(said(lambda f: f.bpm, torch.nan))
        values["key"] = torch.tensor(said(lambda f: f.key and parse_key(f.key), -1))
        values["meter"] = torch.tensor(said(lambda f: f.beats_per_bar, -1))
        heard = {name: v for name, v in (self.heard or {}).items() if name != "strokes"}
        for name, value in {**heard, **self.numbers}.items():
            given = values.get(name, torch.full((b,), torch.nan))
            values[name] = torch.where(given.isnan(), torch.tensor(float(value)), given)
        values["program"] = self.instruments()
        values["plays"] = torch.stack([per_stem(f.plays, -1, torch.long) for f in self.spoken])
        density = stem_densities((self.heard or {}).get("strokes")) | dict(self.density or {})
        values["density"] = per_stem(density, torch.nan, torch.float32).expand(b, -1)
        return Conditions(**{n: v for n, v in values.items() if v is not None}).checked()

    def words(self) -> list[str] | None:
        """What the sentence encoder reads of each song: its prompt, and the names of ids that it
        does not mention.

        Labels of genre are per artist and say little of a single song; its name says what people
        mean by it.
        """
        b = len(self.spoken)
        sentences = [""] * b if self.prompts is None else list(self.prompts)
        for kind, value in self.ids.items():
            ids = _ids(value, b)
            for i, index in enumerate([] if ids is None else ids.tolist()):
                names = NAMES_OF[kind]
                if not 0 <= index < len(names):
                    continue
                if not re.search(rf"\b{re.escape(names[index])}\b", sentences[i], re.IGNORECASE):
                    sentences[i] = ", ".join(filter(None, [sentences[i], names[index]]))
        return sentences if self.prompts is not None or any(sentences) else None

    def sheets(
        self, base: LeadSheet | None, duration: float, *, explicit: SpokenFacts
    ) -> list[LeadSheet | None]:
        """The given part of each song's lead sheet.

        Args:
            base: a lead sheet, or that of given music; words do not change it, arguments do.
            explicit: the facts said as arguments.
        """
        facts = self.spoken if base is None else [explicit] * len(self.spoken)
        return [given_sheet(base, f, duration) for f in facts]

    def instruments(self) -> torch.Tensor:
        """Programs (b s) asked for, -1 where open."""
        return torch.stack([per_stem(f.programs, -1, torch.long) for f in self.spoken])


def explicit_facts(
    *,
    bpm: float | None,
    key: str | None,
    chords: str | None,
    beats_per_bar: int | None,
    plays: Mapping[str, bool] | None,
    programs: Mapping[str, int] | None,
) -> SpokenFacts:
    """Arguments of `generate` as facts."""
    return SpokenFacts(
        bpm=None if bpm is None else float(bpm),
        key=None if key is None else KEYS[parse_key(key)],
        chords=chords,
        beats_per_bar=beats_per_bar,
        plays=dict(plays or {}),
        programs=dict(programs or {}),
    )


def spoken_facts(
    prompts: Sequence[str] | None,
    explicit: SpokenFacts,
    keep: Keep | None,
    count: int,
    *,
    negative: str | None = None,
) -> list[SpokenFacts]:
    """The facts of each song: what its prompt says outright, and over it what arguments say.

    A stem that `negative` names rests where nothing else is said of it. A prompt says nothing about
    stems that are given. Where somebody is left out, everybody else plays: "no drums" asks for a
    band without drums.
    """
    given = () if keep is None else [s for i, s in enumerate(STEMS) if keep.known[:, i].any()]
    free = lambda values: {stem: v for stem, v in values.items() if stem not in given}
    facts = [explicit] * count
    if prompts is not None:
        read = [read_prompt(prompt) for prompt in prompts]
        facts = [
            over(replace(f, plays=free(f.plays), programs=free(f.programs)), explicit) for f in read
        ]
    others = [stem for stem in STEMS if stem not in given]
    rests = free({stem: False for stem in unwanted_stems(negative)})
    facts = [replace(f, plays=rests | f.plays) for f in facts]
    return [replace(f, plays=_with_the_others(f.plays, others)) for f in facts]


def _with_the_others(plays: Mapping[str, bool], others: Sequence[str]) -> dict[str, bool]:
    """Who plays; `others` of whom nothing is said do so where somebody is told to rest."""
    if all(plays.values()):
        return dict(plays)
    return dict.fromkeys(others, True) | dict(plays)


def over(facts: SpokenFacts, other: SpokenFacts) -> SpokenFacts:
    """Facts with everything that others say put over them; a key takes the mode with it."""
    values = {}
    for f in fields(SpokenFacts):
        mine, theirs = getattr(facts, f.name), getattr(other, f.name)
        values[f.name] = {**mine, **theirs} if isinstance(mine, dict) else _first(theirs, mine)
    return SpokenFacts(**values)


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def prompts_of(text: str | Sequence[str] | None, b: int) -> list[str] | None:
    """A prompt for each of b songs."""
    if text is None:
        return None
    prompts = [text] if isinstance(text, str) else list(text)
    return prompts * b if len(prompts) == 1 else prompts


def heard_of(audio: torch.Tensor | None) -> tuple[torch.Tensor | None, dict[str, float]]:
    """Mel of a reference, and what it tells when it is a waveform (t,) at 22,050 Hz."""
    if audio is None:
        return None, {}
    audio = torch.as_tensor(audio, dtype=torch.float32)
    if audio.ndim != 1:
        return audio, {}
    from data.listening import listen

    heard = listen(audio.numpy())
    labels = heard.labels()
    known = {name: float(labels[name]) for name in HEARD if np.isfinite(labels[name])}
    known["strokes"] = len(heard.strokes["mix"]) / max(heard.duration, 1e-6)
    return compute_mel_spectrogram(audio), known


def stem_densities(strokes: float | None) -> dict[str, float]:
    """Strokes per second of each stem of a band in whose mix that many are heard; none for
    silence.
    """
    if not strokes:
        return {}
    return {stem: a * strokes**b for stem, (a, b) in STROKES_OF_MIX.items()}


def seen_of(
    model: HarmonicFlow, image: Clip | torch.Tensor | np.ndarray | None
) -> tuple[dict[str, float], EmotionCurve | None]:
    """Valence and arousal of a picture (c h w) or of frames (m c h w), and a clip's curve."""
    if image is None:
        return {}, None
    from data.pictures.files import VIDEO_FPS, Clip

    if "visual" not in model.trained:
        raise UserError("this model cannot see: its visual part is untrained (--stage visual)")
    if not isinstance(image, Clip):
        frames = np.asarray(image, np.float32)
        frames = frames[None] if frames.ndim == 3 else frames
        image = Clip(frames, np.arange(len(frames)) / VIDEO_FPS)
    seen = model.visual.see([image])
    point = {name: float(seen.mean(name)[0]) for name in ("valence", "arousal")}
    return point, seen.curve() if len(image.frames) > 1 else None


def _ids(value: torch.Tensor | int | None, b: int) -> torch.Tensor | None:
    if value is None:
        return None
    ids = torch.as_tensor(value, dtype=torch.long).reshape(-1)
    return ids.expand(b) if len(ids) == 1 else ids


def _reference(mel: torch.Tensor, b: int) -> torch.Tensor:
    """A reference (f m), (b f m) or (b c f m) as (b f m), channels averaged.

    Of one song, (c f m) is a reference too: what `compute_mel_spectrogram` makes of (c t) audio.
    """
    mel = torch.as_tensor(mel, dtype=torch.float32)
    if mel.ndim == 3 and b == 1:
        mel = mel.mean(0)
    mel = mel[None] if mel.ndim == 2 else mel.mean(1) if mel.ndim == 4 else mel
    if mel.ndim != 3:
        raise UserError(f"audio has shape {tuple(mel.shape)}: expected a mel spectrogram (b, f, m)")
    return mel.expand(b, -1, -1) if len(mel) == 1 else mel


def programs_of(keep: Keep | None, programs: Mapping[str, int] | None) -> dict[str, int]:
    """General MIDI programs of stems: those asked for, else those of a given score."""
    if keep is None or keep.played is None:
        return dict(programs or {})
    score = keep.played
    known = {stem: p for stem, p in score.programs.items() if p is not None and stem != "drums"}
    return {stem: p for stem, p in known.items() if len(score.notes[stem])} | dict(programs or {})


def songs_of(
    text: str | Sequence[str] | None,
    ids: Mapping[str, torch.Tensor | int | None],
    mel: torch.Tensor | None,
    keep: Keep | None,
    batch_size: int,
    seed: int | Sequence[int],
) -> tuple[int, list[int]]:
    """How many songs are asked for, and the seed of each; arguments as in
    `HarmonicFlow.generate`.
    """
    if batch_size < 1:
        raise UserError(f"batch_size is {batch_size}: at least one song")
    counts = [torch.as_tensor(value).numel() for value in ids.values() if value is not None]
    counts += [len(text)] if text is not None and not isinstance(text, str) else []
    counts += [len(mel)] if mel is not None and mel.ndim == 4 else []
    counts += [len(keep.known)] if keep is not None else []
    counts += [len(seed)] if isinstance(seed, Sequence) else []
    sizes = {count for count in (*counts, batch_size) if count != 1}
    if len(sizes) > 1 or 0 in sizes:
        raise UserError(
            "prompts, ids, references, seeds, given music and batch_size name different numbers "
            f"of songs: {sorted(sizes)}"
        )
    b = sizes.pop() if sizes else 1
    seeds = [int(s) for s in seed] if isinstance(seed, Sequence) else [int(seed)]
    if min(seeds) < 0:
        raise UserError(f"seed is {min(seeds)}: choose 0 or more")
    return b, seeds if len(seeds) == b else [seeds[0] + i for i in range(b)]


def per_stem(values: Mapping[str, Any] | None, unknown: float, dtype: torch.dtype) -> torch.Tensor:
    """A value per stem (s,), `unknown` where nothing is said."""
    row = torch.full((NUM_STEMS,), unknown, dtype=dtype)
    for stem, value in (values or {}).items():
        if stem not in STEMS:
            raise UserError(f"unknown stem '{stem}': {did_you_mean(stem, STEMS)}")
        row[STEMS.index(stem)] = value
    return row


def given_sheet(
    lead_sheet: LeadSheet | None, facts: SpokenFacts, duration: float
) -> LeadSheet | None:
    """The part of the lead sheet that the user gave; a whole sheet, with single parts put over
    it.

    A new tempo or meter lays the sheet's bars over new beats; chords take the place of its chords.
    """
    parts = {
        "bpm": facts.bpm,
        "key": facts.key,
        "chords": facts.chords,
        "beats_per_bar": facts.beats_per_bar,
    }
    said = {name: value for name, value in parts.items() if value is not None}
    if lead_sheet is None or not said:
        return LeadSheet.parse(**said, duration=duration) if said else lead_sheet
    beats = facts.beats_per_bar
    if len(lead_sheet) and beats == lead_sheet.beats_per_bar:
        said.pop("beats_per_bar")
    if not said:
        return lead_sheet
    if said.keys() == {"key"}:
        return replace(lead_sheet, key=facts.key)
    meter = {"beats_per_bar": lead_sheet.beats_per_bar} if len(lead_sheet) else {}
    tempo = {"bpm": lead_sheet.bpm} if "beats_per_bar" in said and lead_sheet.bpm else {}
    if "beats_per_bar" in said and len(lead_sheet) and not (facts.bpm or tempo):
        raise UserError(
            f"the lead sheet has {lead_sheet.beats_per_bar} beats in a bar: leave beats_per_bar "
            "out, or give a bpm"
        )
    parsed = LeadSheet.parse(**(meter | tempo | said), duration=duration)
    return replace(parsed.merged(lead_sheet), duration=duration)
