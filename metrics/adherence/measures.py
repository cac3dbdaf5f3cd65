"""How well results agree with wishes: shares of hits and rank correlations.

A measure takes expectations and results, one of each per song, and returns one number. So the
same measure gives the value (wishes and what came of them), the floor (the same wishes and songs
that were asked for nothing) and the ceiling (real songs: what is known of them and what is heard).
A fact that a result's side cannot tell is left out; one that it could not make out is a miss.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from metrics.adherence.facts import Facts
from metrics.adherence.wordings import PROGRAM_FAMILIES
from metrics.analysis import correlation, mean_known
from utils import STEMS

UNKNOWN = float("nan")
TEMPO_TOLERANCE = 0.08
Judge = Callable[[Facts, Facts], float]


@dataclass(frozen=True)
class Measure:
    """A named measure.

    Attributes:
        name: for the table.
        judge: 1 for a hit, 0 for a miss, between for part of one, nan where the wish does not speak
            of it or the result cannot tell.
        rank: a fact; then the value is Spearman's rho of wish and result instead of a mean.
        balanced: a fact; then hits are averaged for each wished value first, and those means count
            the same.
        better: which way a value is good, as in `metrics.report.Row`.
    """

    name: str
    judge: Judge | None = None
    rank: str | None = None
    balanced: str | None = None
    better: str = "higher"

    def value(self, wishes: Sequence[Facts], results: Sequence[Facts]) -> tuple[float, int]:
        """The measure over pairs, and how many of them it could judge."""
        if self.rank is not None:
            return _rank(self.rank, wishes, results)
        judged = np.array([self.judge(w, r) for w, r in zip(wishes, results, strict=True)], float)
        known = np.isfinite(judged)
        if self.balanced is None:
            return mean_known(judged), int(known.sum())
        asked = np.array([w.get(self.balanced, UNKNOWN) for w in wishes], float)
        groups = [judged[known & (asked == a)] for a in np.unique(asked[known])]
        return mean_known([group.mean() for group in groups]), int(known.sum())

    def floor(self, wishes: Sequence[Facts], others: Sequence[Facts]) -> float:
        """The measure of every wish against every song that was not asked."""
        pairs = [(wish, other) for other in others for wish in wishes]
        return self.value(*zip(*pairs, strict=True))[0] if pairs else UNKNOWN


def _rank(fact: str, wishes: Sequence[Facts], results: Sequence[Facts]) -> tuple[float, int]:
    pairs = [
        (w.get(fact, UNKNOWN), r.get(fact, UNKNOWN)) for w, r in zip(wishes, results, strict=True)
    ]
    known = [(a, b) for a, b in pairs if np.isfinite([a, b]).all()]
    return (spearman(*zip(*known, strict=True)), len(known)) if known else (UNKNOWN, 0)


def spearman(first: Sequence[float], second: Sequence[float]) -> float:
    """Spearman's rank correlation, ties sharing their rank; nan under three pairs or no spread."""
    if len(first) < 3:
        return UNKNOWN
    return float(correlation(rankdata(first), rankdata(second)))


def _about(fact: str, agree: Callable[[float, float], float]) -> Judge:
    """A judge of one fact; a result that is nan is a miss."""

    def judge(wish: Facts, result: Facts) -> float:
        asked, got = wish.get(fact, UNKNOWN), result.get(fact)
        if got is None or isinstance(asked, str) or np.isnan(asked):
            return UNKNOWN
        return float(agree(asked, got)) if np.isfinite(got) else 0.0

    return judge


def close(tolerance: float, *, times: Sequence[float] = (1.0,)) -> Callable[[float, float], bool]:
    """Whether a tempo lies within a share of the asked one, or of a multiple of it."""
    return lambda asked, got: any(abs(got / (asked * t) - 1.0) <= tolerance for t in times)


def exact(fact: str, name: str = "exact") -> Measure:
    """Whether a fact is what was asked."""
    return Measure(name, _about(fact, lambda asked, got: asked == got))


def related_keys(asked: float, got: float) -> bool:
    """Whether two keys 0-23 are equal, relative (A minor, C major), or a fifth apart in a mode."""
    relative = (asked + 3) % 12 if asked >= 12 else (asked + 9) % 12 + 12
    fifths = {(asked + step) % 12 + 12 * (asked // 12) for step in (5, 7)}
    return got in {asked, relative, *fifths}


def _asked_stems(wish: Facts, value: float) -> list[str]:
    return [stem for stem in STEMS if wish.get(f"plays.{stem}") == value]


def _share(stems: Sequence[str], result: Facts, value: float) -> float:
    known = [result[f"plays.{s}"] == value for s in stems if f"plays.{s}" in result]
    return float(np.mean(known)) if known else UNKNOWN


def stem_silent(stem: str) -> Measure:
    """Share of songs asked to be without a stem in which it is silent."""
    judge = lambda w, r: _share([s for s in _asked_stems(w, 0.0) if s == stem], r, 0.0)
    return Measure(f"{stem} silent", judge)


def stem_plays(stem: str) -> Measure:
    """Share of songs asked to have a stem in which it plays."""
    judge = lambda w, r: _share([s for s in _asked_stems(w, 1.0) if s == stem], r, 1.0)
    return Measure(f"{stem} plays", judge)


def _only_those(wish: Facts, result: Facts) -> float:
    asked = _asked_stems(wish, 0.0)
    if not asked or f"plays.{STEMS[0]}" not in result:
        return UNKNOWN
    return float(asked == [s for s in STEMS if result[f"plays.{s}"] == 0.0])


def _alike(wish: Facts, result: Facts) -> float:
    pairs = [(wish.get(f"plays.{s}", UNKNOWN), result.get(f"plays.{s}", UNKNOWN)) for s in STEMS]
    known = [a == b for a, b in pairs if np.isfinite([a, b]).all()]
    return float(np.mean(known)) if known else UNKNOWN


def family_of(stem: str, program: float) -> str | None:
    """Name of the group of instruments a General MIDI program of a stem belongs to."""
    families = PROGRAM_FAMILIES.get(stem, {})
    return next((name for name, members in families.items() if program in members), None)


def _same_family(wish: Facts, result: Facts) -> float:
    hits = []
    for stem in PROGRAM_FAMILIES:
        asked, got = wish.get(f"program.{stem}", UNKNOWN), result.get(f"program.{stem}")
        family = family_of(stem, asked)
        if family is not None and got is not None:
            hits.append(family == family_of(stem, got))
    return mean_known(hits) if hits else UNKNOWN


def among_likeliest(name: str, count: int) -> Measure:
    """Whether the asked class is among the likeliest `count` of a classifier; classes count alike.

    A result tells the probability of class i as the fact "<name>.<i>".
    """

    def judge(wish: Facts, result: Facts) -> float:
        chances = {k: v for k, v in result.items() if k.startswith(f"{name}.")}
        asked = wish.get(name, UNKNOWN)
        if not chances or np.isnan(asked) or f"{name}.{asked:.0f}" not in chances:
            return UNKNOWN
        likeliest = sorted(chances, key=chances.__getitem__)[-count:]
        return float(f"{name}.{asked:.0f}" in likeliest)

    label = "likeliest class" if count == 1 else f"among the likeliest {count}"
    return Measure(label, judge, balanced=name)


def probability(name: str) -> Measure:
    """The probability that a classifier gives to the asked class, classes counting alike: finer
    than hits where classes are hard to tell apart.
    """

    def judge(wish: Facts, result: Facts) -> float:
        asked = wish.get(name, UNKNOWN)
        return UNKNOWN if np.isnan(asked) else result.get(f"{name}.{asked:.0f}", UNKNOWN)

    return Measure("probability of the class", judge, balanced=name)


def rank(fact: str) -> Measure:
    """Spearman's rho of what was asked and what came."""
    return Measure(f"rho, {fact}", rank=fact)


def medians(songs: Sequence[Facts]) -> dict[str, float]:
    """Median of every fact over songs; nan where no song knows it."""
    names = dict.fromkeys(name for song in songs for name in song)
    known = {n: [s[n] for s in songs if n in s and np.isfinite(s[n])] for n in names}
    return {n: float(np.median(v)) if v else UNKNOWN for n, v in known.items()}


def meets(fact: str, asked: float | str, result: Facts, middle: Mapping[str, float]) -> float:
    """Whether one expectation is met: 1, 0, or nan where the result cannot tell.

    Args:
        asked: a value, or "low" or "high": under or over the median of songs not asked.
        middle: those medians.
    """
    got = result.get(fact)
    if got is None:
        return UNKNOWN
    if asked in ("low", "high"):
        edge = middle.get(fact, UNKNOWN)
        return UNKNOWN if np.isnan(edge) else float(got < edge if asked == "low" else got > edge)
    if np.isnan(got):
        return 0.0
    stem = fact.partition(".")[2]
    if fact.startswith("program."):
        return float(family_of(stem, got) == family_of(stem, asked))
    return float(close(TEMPO_TOLERANCE)(asked, got) if fact == "tempo" else got == asked)


def expectations_met(middle: Mapping[str, float], about: str = "") -> Measure:
    """Share of all expectations of a wish that are met, or of those about one fact."""

    def judge(wish: Facts, result: Facts) -> float:
        asked = {f: a for f, a in wish.items() if not about or f.partition(".")[0] == about}
        return mean_known([meets(fact, a, result, middle) for fact, a in asked.items()])

    return Measure(f"{about or 'expectations'} met", judge)


_TEMPO = (
    Measure("within 4 %", _about("tempo", close(0.04))),
    Measure("within 8 %", _about("tempo", close(TEMPO_TOLERANCE))),
    Measure(
        "an octave off, within 4 %",
        _about("tempo", close(0.04, times=(0.5, 2.0))),
        better="nearer",
    ),
    rank("tempo"),
)
# condition -> its measures, besides the share of expectations met
MEASURES: dict[str, tuple[Measure, ...]] = {
    "tempo": _TEMPO,
    "key": (
        exact("key"),
        Measure("exact, relative or fifth", _about("key", related_keys)),
        exact("mode", "mode"),
    ),
    "meter": (exact("meter"),),
    "silent stems": (
        *(stem_silent(stem) for stem in STEMS),
        Measure("the asked stem and no other silent", _only_those),
    ),
    "playing stems": tuple(stem_plays(stem) for stem in STEMS),
    "instruments": (Measure("family of instrument", _same_family),),
    "density": (rank("density"),),
    "dynamics": (rank("dynamics"),),
    "loudness": (rank("loudness"),),
    "brightness": (rank("brightness"),),
    "register": (rank("register"),),
    "swing": (rank("swing"),),
    "valence": (rank("valence"),),
    "arousal": (rank("arousal"),),
    "emotion": (rank("valence"), rank("arousal")),
    "style": (among_likeliest("style", 1), among_likeliest("style", 3), probability("style")),
    "genre": (among_likeliest("genre", 1), among_likeliest("genre", 3), probability("genre")),
    "reference recording": (
        *_TEMPO,
        rank("density"),
        rank("brightness"),
        rank("loudness"),
        Measure("stems that play or rest alike", _alike),
    ),
    "picture": (rank("valence"), rank("arousal")),
}
DIRECTED_CONDITIONS = ("pace", "held-out words", "negative prompt", "guidance")
