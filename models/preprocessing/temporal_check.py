"""Is the form of a song found? Measured on composed songs, whose sections are known.

python -m models.preprocessing.temporal_check --num_songs 100
python -m models.preprocessing.temporal_check --num_songs 14 --sound

The truth has a boundary wherever a section ends, also between two verses. Floors: sections of equal
length, and as many boundaries as found, thrown at random; for letters one for all, and one for
each.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import numpy as np

from data.arranger import compose
from data.movement import STYLES
from data.score import Score
from metrics.structure import boundary_agreement, label_agreement
from models.preprocessing.bar_features import bars_of
from models.preprocessing.temporal import Structure, structure_of_audio, structure_of_score
from utils import Parser, counter_rng, run_script

FIRST_SEED = 2_000_000
Sections = list[tuple[float, str]]


def truth_of(score: Score) -> Sections:
    """(start, name) of the sections that the arranger wrote."""
    bars = bars_of(score)
    return [(float(bars[first]), name) for name, first, _ in score.tags["sections"]]


def scores_of(found: Sections, truth: Sections, duration: float) -> tuple[float, float, float]:
    """Boundary F at 3 s and at 0.5 s, pairwise F of the letters."""
    ours, real = ([start for start, _ in sections[1:]] for sections in (found, truth))
    at = lambda window: boundary_agreement(ours, real, window_seconds=window).f
    return at(3.0), at(0.5), label_agreement(found, truth, duration).f


def found_in(structure: Structure) -> Sections:
    return [(section.start, section.letter) for section in structure.sections]


def floors(found: Sections, duration: float, seed: int) -> dict[str, Sections]:
    """What knows nothing of the song: as many boundaries as found, spread or thrown."""
    count = len(found)
    thrown = np.sort(counter_rng(seed, 7).uniform(0.0, duration, count - 1))
    return {
        "equal lengths, one letter": [(i * duration / count, "A") for i in range(count)],
        "at random, a letter each": [(0.0, "0"), *((float(t), str(t)) for t in thrown)],
    }


def check(
    seeds: Sequence[int], find: Callable[[Score], dict[str, Structure]]
) -> dict[str, np.ndarray]:
    """Mean scores (3,) of each way of finding sections, and of the floors, over composed songs."""
    rows: dict[str, list[tuple[float, float, float]]] = {}
    for seed in seeds:
        score = compose(seed, style=seed % len(STYLES))
        truth = truth_of(score)
        structures = find(score)
        ways = {name: found_in(structure) for name, structure in structures.items()}
        ways |= floors(next(iter(ways.values())), score.duration, seed)
        for name, sections in ways.items():
            rows.setdefault(name, []).append(scores_of(sections, truth, score.duration))
    return {name: np.mean(values, 0) for name, values in rows.items()}


def from_notes(score: Score) -> dict[str, Structure]:
    return {"from notes": structure_of_score(score)}


def from_sound(score: Score) -> dict[str, Structure]:
    """By notes, by stems with and without known bars, by the mix."""
    from data.soundfont import render_score

    stems = render_score(score)
    return {
        "from notes": structure_of_score(score),
        "from stems, bars known": structure_of_audio(stems, score=score),
        "from stems": structure_of_audio(stems),
        "from the mix": structure_of_audio(stems.sum(0)),
    }


def table(results: dict[str, np.ndarray]) -> str:
    """The results as a table in Markdown."""
    lines = ["| | boundaries, 3 s | boundaries, 0.5 s | letters, pairs |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {' | '.join(f'{value:.2f}' for value in values)} |"
        for name, values in results.items()
    ]
    return "\n".join(lines)


def main() -> None:
    parser = Parser(
        prog="python -m models.preprocessing.temporal_check",
        description="Measure found sections against the known ones of composed songs.",
    )
    parser.add_argument("--num_songs", type=int, default=100, help="songs (default: 100)")
    parser.add_argument("--sound", action="store_true", help="from rendered sound, too (slow)")
    arguments = parser.parse(sys.argv[1:])
    seeds = range(FIRST_SEED, FIRST_SEED + arguments.num_songs)
    print(table(check(seeds, from_sound if arguments.sound else from_notes)))


if __name__ == "__main__":
    run_script(main)
