import numpy as np
import pytest

from data.brief import FACTS
from data.plan_tokens import LEVELS, NUM_FACTS, Kind
from models.generative.emotion import EmotionOffsets, offsets
from models.generative.tilts import (
    LEVEL_SPREAD,
    OCTAVES,
    OFFSET_OF,
    SPREAD,
    acting,
    denser,
    moved,
    shifts,
    tilts,
    towards,
)

OPEN = np.full(NUM_FACTS, -1)


def mean(values: np.ndarray, logits: np.ndarray) -> float:
    shares = np.exp(logits - logits.max())
    return float((values * shares).sum() / shares.sum())


def bell(values: np.ndarray, spread: float) -> np.ndarray:
    return -0.5 * ((values - values.mean()) / spread) ** 2


@pytest.mark.parametrize("kind", list(SPREAD))
@pytest.mark.parametrize("width", [0.5, 1.0])
def test_a_shift_moves_the_mean_by_its_offset_where_it_is_open(kind, width):
    values, spread = FACTS[kind].scale(FACTS[kind].values), SPREAD[kind]
    means = []
    for share in (-0.8, -0.4, 0.0, 0.4, 0.8):
        offset = shifts(EmotionOffsets(**{OFFSET_OF[kind]: share * spread})).get(kind, 0.0)
        means.append(mean(values, moved(kind, bell(values, width * spread), offset)))
        wanted = share * spread * width**2
        assert means[-1] - values.mean() == pytest.approx(wanted, abs=0.12 * spread)
    assert means == sorted(means) and means[2] == pytest.approx(values.mean())


def test_what_is_improbable_far_out_stays_improbable():
    logits = np.full(12, -5.0)
    logits[5:8] = (0.0, 1.0, 0.0)
    quieter = moved(Kind.LOUDNESS, logits, -4.0)
    assert quieter.argmax() < 6 and quieter[0] <= -5.0
    inwards = moved(Kind.LOUDNESS, np.linspace(0.0, -1.0, 12), 3.0)
    assert inwards.argmax() in (2, 3) and inwards[0] < inwards[2] - 1.0


def test_minor_keys_gain_their_log_odds():
    tilt = tilts(EmotionOffsets(minor_log_odds=1.7))[Kind.KEY]
    assert tilt[12:] - tilt[:12] == pytest.approx(np.full(12, 1.7))


def test_density_is_per_second_and_the_tempo_takes_its_share():
    for octaves in (-0.5, 0.5):
        tilt = denser(octaves)
        logits = np.where(LEVELS > 0, bell(OCTAVES, LEVEL_SPREAD), -np.inf)
        before, after = mean(OCTAVES, logits), mean(OCTAVES, logits + tilt)
        assert after - before == pytest.approx(octaves, abs=0.12)
        assert tilt[0] == 0.0
    both = tilts(EmotionOffsets(density_octaves=0.6, tempo_octaves=0.4))
    assert both[Kind.DRUMS] == pytest.approx(denser(0.2))
    assert Kind.BASS not in tilts(EmotionOffsets(density_octaves=0.4, tempo_octaves=0.4))


def test_no_emotion_leans_on_nothing():
    assert tilts(EmotionOffsets()) == {} and tilts(offsets(0.0, 0.0)) == {}
    assert shifts(EmotionOffsets()) == {} and shifts(offsets(0.0, 0.0)) == {}


def test_fixed_facts_take_no_offset():
    facts = OPEN.copy()
    facts[[Kind.TEMPO, Kind.KEY]] = 3
    whole = offsets(-0.6, 0.7)
    left = acting(whole, facts)
    assert left.tempo_octaves == left.minor_log_odds == 0.0
    assert left.dynamics == whole.dynamics and left.density_octaves == whole.density_octaves
    assert acting(whole, OPEN) == whole


def test_asked_densities_take_the_nearest_level():
    for density in (0.125, 0.3, 1.0, 2.7, 6.0):
        nearest = 1 + np.abs(np.log2(LEVELS[1:] / density)).argmin()
        assert towards(density).argmax() == nearest
        assert towards(density)[0] < -2.0 or density == 0.125
    assert towards(0.0).argmax() == 0 and np.isfinite(towards(0.0)).all()
