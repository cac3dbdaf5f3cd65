"""Composed drums on one kit: which drum is struck and what is stressed changes, when does not."""

import numpy as np
import pytest

from data.score import Notes
from models.generative import kit as module
from models.generative.kit import (
    HANDS,
    OWN_STRESS,
    Kits,
    all_kits,
    from_tab,
    on_one_kit,
    places_of,
    shares_of,
    to_tab,
    velocities_of,
)
from utils import UserError

BARS, BEAT = 8, 0.5
BEAT_TIMES = BEAT * np.arange(4 * BARS + 1)
BEAT_IN_BAR = np.arange(4 * BARS + 1) % 4
NO_BEATS = (np.zeros(0), np.zeros(0, np.int64))
ROCK = {"36": "9000000090000000", "40": "0000900000009000", "42": "9090909090909090"}


def groove() -> Notes:
    """Eight bars of four beats: both kicks by turns, a snare, closed hats on eighths."""
    hats = 0.5 * BEAT * np.arange(8 * BARS)
    kicks = 2 * BEAT * np.arange(2 * BARS)
    onset = np.concatenate([hats, kicks, kicks + BEAT])
    both = np.tile([35, 36], BARS)
    pitch = np.concatenate([np.full(len(hats), 42), both, np.full(len(kicks), 38)])
    velocity = 40 + np.arange(len(onset)) % 60
    return Notes.of(onset, onset + 0.1, pitch, velocity)


def kits_of(*tabs: dict[str, str], letters: dict[str, str] | None = None) -> Kits:
    """Kits of digits alone, in which all strokes are equally hard unless letters say otherwise."""
    letters = letters or {}
    even = lambda row: "".join("p" if digit != "0" else "." for digit in row)
    whole = [{key: [row, letters.get(key, even(row))] for key, row in tab.items()} for tab in tabs]
    return Kits(*np.stack([from_tab(tab) for tab in whole], axis=1))


def played(
    *tabs: dict[str, str], drums: Notes | None = None, beats=None, seed: int = 0, letters=None
) -> Notes:
    kits = kits_of(*tabs, letters=letters) if tabs else None
    beats = (BEAT_TIMES, BEAT_IN_BAR) if beats is None else beats
    return on_one_kit(groove() if drums is None else drums, *beats, seed=seed, kits=kits)


def keys_at(drums: Notes, time: float) -> set[int]:
    return set(drums.pitch[np.isclose(drums.onset, time)].tolist())


def test_one_kick_and_one_snare_and_nothing_else_moves():
    drums, before = played(ROCK), groove()
    order = lambda n: np.lexsort((HANDS[n.pitch], n.onset))
    for column in ("onset", "offset"):
        assert np.array_equal(
            getattr(drums, column)[order(drums)], getattr(before, column)[order(before)]
        )
    assert set(drums.pitch[HANDS[drums.pitch] == 0]) == {36}
    assert set(drums.pitch[HANDS[drums.pitch] == 1]) == {40}


def test_a_seed_is_a_kit():
    ride = ROCK | {"36": "0" * 16, "35": ROCK["36"], "51": ROCK["42"], "42": "0" * 16}
    first = [played(ROCK, ride, seed=seed) for seed in range(12)]
    again = [played(ROCK, ride, seed=seed) for seed in range(12)]
    assert all(np.array_equal(a.pitch, b.pitch) for a, b in zip(first, again, strict=True))
    kits = {tuple(np.unique(drums.pitch)) for drums in first}
    assert kits == {(36, 40, 42), (35, 40, 51)}


def test_a_kit_that_fits_is_drawn_and_one_without_a_hand_is_not():
    busy = {"35": "9" * 16, "40": "9" * 16, "51": "9" * 16}
    no_kick = {"40": ROCK["40"], "42": ROCK["42"]}
    assert all(36 in played(ROCK, busy, no_kick, seed=seed).pitch for seed in range(20))


def test_time_on_a_ride_stays_there_and_closed_hats_say_nothing():
    ride = ROCK | {"51": ROCK["42"], "42": "0" * 16}
    hats, rides = groove(), groove()
    rides.pitch[rides.pitch == 42] = 51
    kept = lambda drums: np.mean(
        [51 in played(ROCK, ride, drums=drums, seed=seed).pitch for seed in range(60)]
    )
    assert kept(rides) > 0.85 and 0.25 < kept(hats) < 0.75


def test_each_hand_is_as_loud_as_composed_and_stresses_what_the_kit_does():
    accents = {"42": "u.k.u.k.u.k.u.k."}  # 105 and 55
    before = groove()
    for letters, stress in ((None, 0.0), (accents, 25.0)):
        drums = played(ROCK, letters=letters)
        for hand in range(3):
            own, composed = HANDS[drums.pitch] == hand, HANDS[before.pitch] == hand
            mean = before.velocity[composed].mean()
            assert drums.velocity[own].mean() == pytest.approx(mean, abs=1.0)
        hats = drums.where(drums.pitch == 42)
        beat = np.isclose(hats.onset % BEAT, 0.0)
        apart = hats.velocity[beat].mean() - hats.velocity[~beat].mean()
        assert apart == pytest.approx(2 * stress, abs=1.0)
        assert hats.velocity[beat].std() == pytest.approx(
            OWN_STRESS * before.velocity[before.pitch == 42].std(), abs=1.0
        )


def test_shares_of_bars_say_where_in_a_phrase():
    """A crash in one bar of eight begins the phrase, toms and open hats in one end it; a song
    begins anywhere in it.
    """
    tab = ROCK | {
        "49": "1000000000000000",
        "45": "0000000000001000",
        "46": "0000000000000040",
    }
    bar, begun = 4 * BEAT, set()
    for seed in range(40):
        drums = played(tab, seed=seed)
        crashes, toms = (np.unique(drums.onset[drums.pitch == key]) for key in (49, 45))
        assert len(crashes) == len(toms) == 1
        first = int(crashes[0] / bar)
        assert crashes[0] == first * bar and keys_at(drums, crashes[0]) == {36, 42, 49}
        assert toms[0] == (first - 1) % BARS * bar + 3 * BEAT
        open_hats = np.unique(drums.onset[drums.pitch == 46] // bar)
        assert sorted((open_hats - first) % BARS) == [1.0, 3.0, 5.0, 7.0]
        begun.add(first)
    assert begun == set(range(BARS))


def test_a_snare_of_the_kit_joins_what_is_struck_and_no_hand_is_made_up():
    ghosts = ROCK | {"40": "0090900000009000"}
    drums = played(ghosts, letters={"40": "..f.t.......t..."})
    assert keys_at(drums, 0.5 * BEAT) == {40, 42} and np.array_equal(
        np.unique(drums.onset), np.unique(groove().onset)
    )
    snares = drums.where(drums.pitch == 40)
    soft = np.isclose(snares.onset % (4 * BEAT), 0.5 * BEAT)
    assert snares.velocity[soft].max() < snares.velocity[~soft].min()
    no_snare = groove().where(HANDS[groove().pitch] != 1)
    assert set(played(ghosts, drums=no_snare).pitch) == {36, 42}
    late = played(ROCK | {"40": "0900900000009000"})
    assert not keys_at(late, 0.25 * BEAT)


def test_time_is_kept_where_the_kit_keeps_it_or_nothing_else_is_struck():
    quarters = ROCK | {"42": "9000000090000000"}
    drums, before = played(quarters), groove()
    assert np.array_equal(np.unique(drums.onset), np.unique(before.onset))
    assert keys_at(drums, BEAT) == {40}
    assert keys_at(drums, 0.5 * BEAT) == {42}
    half = played(ROCK | {"42": "9090590090909090"})
    beside = [42 in keys_at(half, (4 * bar + 1) * BEAT) for bar in range(BARS)]
    assert sum(beside) == 4  # in five ninths of the bars


def test_drums_struck_together_share_a_moment():
    clap = played(ROCK | {"39": ROCK["40"]})
    assert keys_at(clap, BEAT) == {39, 40, 42}
    both = Notes.of([0.0, 0.0], [0.1, 0.1], [35, 36], [90, 60])
    one = played(ROCK, drums=both)
    assert one.pitch.tolist() == [36]
    assert one.velocity.tolist() == [round(75 + OWN_STRESS * 15)]  # the harder of the two


def test_without_beats_each_hand_has_one_drum():
    drums = played(ROCK | {"49": "1000000000000000"}, beats=NO_BEATS)
    assert set(drums.pitch) == {36, 40, 42} and len(drums) == len(groove())
    kits = {tuple(np.unique(played(beats=NO_BEATS, seed=seed).pitch)) for seed in range(8)}
    assert len(kits) > 1


def test_a_hand_that_no_kit_has_strikes_one_drum():
    drums = played({"42": ROCK["42"]})
    assert len(set(drums.pitch[HANDS[drums.pitch] == 0])) == 1
    assert set(drums.pitch[HANDS[drums.pitch] == 1]) == {38}


def test_bars_of_other_lengths():
    """Beyond four beats nothing is known, and within them a bar of three is as one of four."""
    for beats in (3, 5):
        drums = played(ROCK, beats=(BEAT_TIMES, np.arange(len(BEAT_TIMES)) % beats))
        assert set(drums.pitch) == {36, 40, 42}
        assert np.array_equal(np.unique(drums.onset), np.unique(groove().onset))


def test_places_are_sixteenths_of_the_bar():
    at = Notes.of([0.0, 0.26, 0.49, 2.24, 3.87], [5.0] * 5, [36] * 5, [90] * 5)
    bars, places = places_of(at, BEAT_TIMES, BEAT_IN_BAR)
    assert bars.tolist() == [0, 0, 0, 1, 1] and places.tolist() == [0, 2, 4, 2, 15]


def test_a_pickup_ends_the_phrase_before_the_first_bar():
    upbeat = Notes.of([0.0, 0.5], [0.1, 0.6], [36, 36], [90, 90])
    bars, places = places_of(upbeat, BEAT_TIMES, (np.arange(len(BEAT_TIMES)) + 3) % 4)
    assert bars.tolist() == [-1, 0] and places.tolist() == [12, 0]


def test_a_kit_is_written_and_read():
    drums = played(ROCK | {"49": "4000000000000000"})
    struck = (drums, BEAT_TIMES, BEAT_IN_BAR)
    shares, velocities = shares_of(*struck), velocities_of(*struck)
    tab = to_tab(shares, velocities)
    assert {key: rows[0] for key, rows in tab.items()} == ROCK | {"49": "4000000000000000"}
    assert all(
        (letter == ".") == (digit == "0")
        for digits, letters in tab.values()
        for digit, letter in zip(digits, letters, strict=True)
    )
    read = from_tab(tab)
    assert shares[49, 0] == pytest.approx(0.5) and np.allclose(read[0], shares, atol=0.06)
    assert np.allclose(read[1], velocities, atol=2.6)


def test_bars_that_are_there_in_part_count_for_what_they_have():
    cut = groove().excerpt(2 * BEAT, 30 * BEAT)
    drums = Notes.of(cut.onset + 2 * BEAT, cut.offset + 2 * BEAT, cut.pitch, cut.velocity)
    shares = shares_of(drums, BEAT_TIMES, BEAT_IN_BAR)
    hats = shares[42, ::2]
    assert np.allclose(hats, 1.0) and np.allclose(shares[38, [4, 12]], 1.0)
    none = shares_of(drums, *NO_BEATS)
    assert not none.any() and not shares_of(Notes.empty(), BEAT_TIMES, BEAT_IN_BAR).any()


def test_silence_stays_silent():
    assert len(played(drums=Notes.empty())) == 0


def test_the_kits_of_training_songs():
    kits = all_kits()
    assert kits.shares.shape == kits.velocities.shape == (len(kits), 128, 16)
    assert 0 <= kits.shares.min() and kits.shares.max() == 1
    assert np.median(kits.shares[:, [35, 36]].any(2).sum(1)) == 1
    assert np.array_equal(kits.shares > 0, kits.velocities > 0)
    assert 60 < kits.velocities[kits.shares > 0].mean() < 100


@pytest.mark.parametrize(
    "written",
    [
        None,
        "no json",
        "{}",
        "[]",
        '[{"36": "90"}]',
        '[{"36": ["90", "a."]}]',
        '[{"200": ["9000000000000000", "a..............."]}]',
    ],
)
def test_kits_that_cannot_be_read_are_said(written, tmp_path, monkeypatch):
    if written is not None:
        (tmp_path / "kits.json").write_text(written)
    monkeypatch.setattr(module, "PATH", tmp_path / "kits.json")
    all_kits.cache_clear()
    try:
        with pytest.raises(UserError, match=r"no drum kits can be read from .*kit_statistics"):
            all_kits()
    finally:
        all_kits.cache_clear()
