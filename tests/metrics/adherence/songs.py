"""Small songs with known facts, and facts as plain dictionaries."""

from functools import lru_cache

from data.arranger import compose
from data.score import Score
from utils import SAMPLE_RATE, SEGMENT_SAMPLES

SECONDS = SEGMENT_SAMPLES / SAMPLE_RATE


@lru_cache(maxsize=256)
def song(seed: int, **arguments) -> Score:
    """A composed song cut to one segment."""
    score = compose(seed, num_bars=12, **arguments)
    return score.excerpt(0.0, min(SECONDS, score.duration))


def playing(**facts: float) -> dict[str, float]:
    """Facts in which all four stems play, with more said or other."""
    stems = {f"plays.{stem}": 1.0 for stem in ("bass", "drums", "guitar", "piano")}
    return stems | {name.replace("__", "."): value for name, value in facts.items()}
