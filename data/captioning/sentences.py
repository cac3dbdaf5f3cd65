"""Shapes of captions: from two words to two sentences, as people type and as musicians note."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from data.captioning.kinds import NOUNS, OPENINGS, PLURALS, VAGUE
from data.captioning.players import Band, joined
from data.captioning.wording import Draw, Wording

_SEPARATORS = (", ", ", ", ", ", ", ", " / ", "; ", " ", " | ", " + ", " - ")
_QUESTIONS = ("can you", "could you", "how about")
_NOTES = ("bpm", "key", "meter", "chords")  # what a bandleader notes first
MAX_ADJECTIVES = 3


@dataclass(frozen=True)
class Said:
    """What one caption mentions: fact -> its words, and the band."""

    facts: Mapping[str, Wording]
    band: Band


def caption_of(said: Said, draw: Draw) -> str:
    """The mentions in a shape, cased and pointed somehow."""
    text = " ".join(draw.one(SHAPES)(said, draw).split())
    text = text.replace(" ,", ",").strip(" ,;")
    names_notes = "key" in said.facts or "chords" in said.facts
    return _pointed(text, draw, names_notes)


def _pointed(text: str, draw: Draw, names_notes: bool) -> str:
    """Upper case, lower case and stops as people use them; note names keep their case."""
    chance = draw.number()
    if chance < 0.4:
        return text
    if chance < 0.5:
        return text if names_notes else text.lower()
    if chance < 0.53:
        return text if names_notes else text.upper()
    sentence = ". ".join(part[:1].upper() + part[1:] for part in text.split(". "))
    if chance < 0.63:
        return sentence
    if text.lower().startswith(_QUESTIONS) and ". " not in text:
        return sentence + "?"
    return sentence + ("!" if chance > 0.97 else ".")


def _article(phrase: str) -> str:
    vowel = phrase[0].lower() in "aeiou" or phrase.startswith(("R&B", "FM"))
    return f"{'an' if vowel else 'a'} {phrase}"


@dataclass
class _Places:
    """Words sorted by where they stand around a noun."""

    adjectives: list[str]
    details: list[str]
    clauses: list[str]


def _placed(said: Said, draw: Draw, clauses: float) -> _Places:
    """Every fact but the kind in one of its forms; `clauses`: how often as a sentence."""
    places = _Places([], [], [])
    for name, words in draw.shuffled(said.facts.items()):
        if name == "kind":
            continue
        if words.clauses and draw.chance(clauses):
            places.clauses.append(draw.one(words.clauses))
        elif words.adjectives and _room(places, words, draw):
            places.adjectives.append(draw.one(words.adjectives))
        elif words.details:
            places.details.append(draw.one(words.details))
    if draw.chance(clauses):
        places.clauses += said.band.clauses(draw)
    else:
        places.details += said.band.details(draw)
    return places


def _room(places: _Places, words: Wording, draw: Draw) -> bool:
    if len(places.adjectives) >= MAX_ADJECTIVES:
        return not words.details
    return not words.details or draw.chance(0.7)


def _thing(said: Said, adjectives: list[str], draw: Draw) -> str:
    """A noun with all that stands before it: "a slow, sad jazz tune"."""
    kind = said.facts.get("kind")
    before = draw.one((", ", ", ", " ", " and ")) if len(adjectives) == 2 else ", "
    words = before.join(adjectives)
    noun = draw.one(PLURALS if draw.chance(0.2) else NOUNS)
    if kind is not None:
        name = draw.one(kind.adjectives)
        if name.endswith("ballad") and draw.chance(0.8):
            noun = ""
        elif draw.chance(0.15):
            return f"{_counted(f'{words} {noun}', noun)} {draw.one(kind.details)}"
        words = f"{words} {name}"
    return _counted(f"{words} {noun}", noun)


def _counted(phrase: str, noun: str) -> str:
    phrase = " ".join(phrase.split())
    return phrase if noun in PLURALS else _article(phrase)


def _tail(details: list[str], draw: Draw) -> str:
    joint = draw.one((", ", ", ", " ")) if len(details) < 4 else ", "
    ordered = sorted(draw.shuffled(details), key=lambda detail: detail.startswith("but "))
    return joint.join(ordered)


def _described(said: Said, draw: Draw, clauses: float = 0.15) -> str:
    """A noun phrase and perhaps more sentences."""
    places = _placed(said, draw, clauses)
    thing = _thing(said, places.adjectives, draw)
    comma = "," if places.details and draw.chance(0.3) else ""
    text = f"{thing}{comma} {_tail(places.details, draw)}".strip()
    if not places.clauses:
        return text
    joint = draw.one((". ", ". ", ". ", "; ", ", ", " - "))
    between = draw.one((". ", ", ", " and ")) if joint == ". " else ", "
    return text + joint + between.join(draw.shuffled(places.clauses))


def _two_sentences(said: Said, draw: Draw) -> str:
    return _described(said, draw, clauses=0.6)


def _asked(said: Said, draw: Draw) -> str:
    text = f"{draw.one(OPENINGS)} {_described(said, draw)}"
    return text if "please" in text or draw.chance(0.8) else f"{text}, please"


def _keywords(said: Said, draw: Draw) -> str:
    words = [draw.one(words.keywords) for words in said.facts.values()]
    return draw.one(_SEPARATORS).join(draw.shuffled(words + said.band.tags(draw)))


def _terse(said: Said, draw: Draw) -> str:
    """Two or three words: "slow jazz", "sad, no drums"."""
    kind = said.facts.get("kind")
    words = [w.keywords for name, w in said.facts.items() if name not in ("kind", "scene")]
    chosen = [draw.one(w) for w in draw.shuffled(words)] + said.band.tags(draw)
    count = 1 if kind is not None else draw.one((1, 2, 2))
    chosen = draw.shuffled(chosen)[:count]
    text = draw.one((" ", ", ")).join(chosen)
    if kind is not None:
        name = draw.one(kind.keywords)
        return f"{text} {name}" if text and draw.chance(0.6) else f"{name} {text}"
    if text and draw.chance(0.3):
        return f"{text} {draw.one(NOUNS)}"
    return text or _described(said, draw)


def _band_first(said: Said, draw: Draw) -> str:
    """The players, then what they play."""
    if not said.band.played:
        return _described(said, draw)
    rest = Said(said.facts, Band(absent=said.band.absent))
    verb = draw.one(("playing", "on", "in", "for"))
    return f"{joined(said.band.played, draw)} {verb} {_described(rest, draw)}"


def _something(said: Said, draw: Draw) -> str:
    """Plain words: "something calm and slow, with piano"."""
    places = _placed(said, draw, 0.1)
    kind = said.facts.get("kind")
    if kind is not None:
        places.details.append(draw.one(kind.details))
    if not places.adjectives:
        text = f"{draw.one(('something', 'some music', 'music'))} {_tail(places.details, draw)}"
        return ". ".join([text.strip(), *places.clauses])
    adjectives = _listed(places.adjectives)
    tail = ", ".join(draw.shuffled(places.details + places.clauses))
    return f"{draw.one(VAGUE)} {adjectives}{', ' if tail else ''}{tail}"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _instructions(said: Said, draw: Draw) -> str:
    """Requests one after the other: "play it slowly, leave out the drums"."""
    parts = [draw.one(w.clauses or w.details or w.keywords) for w in said.facts.values()]
    parts = draw.shuffled(parts + said.band.clauses(draw))
    return draw.one((", ", ". ", ". ", "; ", " and ")).join(parts)


def _players_note(said: Said, draw: Draw) -> str:
    """A bandleader's shorthand: "A minor, 92 bpm: slow funk; slap bass, drums"."""
    head = [draw.one(said.facts[n].keywords) for n in _NOTES if n in said.facts]
    feel = [draw.one(w.keywords) for n, w in said.facts.items() if n not in _NOTES]
    groups = [", ".join(group) for group in (head, feel, said.band.tags(draw)) if group]
    return draw.one(("; ", ": ", " - ", ". ")).join(groups)


def _situation(said: Said, draw: Draw) -> str:
    """The occasion first: "for a rainy afternoon: slow, piano"."""
    scene = said.facts.get("scene")
    if scene is None:
        return _something(said, draw)
    rest = Said({n: w for n, w in said.facts.items() if n != "scene"}, said.band)
    opening = draw.one(("", "music ", "something ", "a song ", "I need music "))
    if not rest.facts and rest.band.silent:
        return opening + draw.one(scene.details)
    joint = draw.one((": ", ", ", " - ", ". "))
    return f"{opening}{draw.one(scene.details)}{joint}{_keywords(rest, draw)}"


SHAPES: tuple[Callable[[Said, Draw], str], ...] = (
    *(_described,) * 4,
    *(_keywords,) * 3,
    *(_terse,) * 3,
    *(_asked,) * 2,
    *(_two_sentences,) * 2,
    *(_something,) * 2,
    _band_first,
    _instructions,
    _players_note,
    _situation,
)
