import numpy as np
import pytest

from data.loudness import (
    FLOOR_LUFS,
    TARGET_LUFS,
    k_weighting,
    level_stems,
    levels_of,
    loudness,
)


def sine(hertz, rate, seconds=5.0, gain=1.0):
    return gain * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def test_the_filters_are_the_standard_s_at_48_khz():
    shelf, high_pass = k_weighting(48_000)
    standard = [1.53512485958697, -2.69169618940638, 1.19839281085285]
    np.testing.assert_allclose(shelf[:3], standard, atol=1e-7)
    np.testing.assert_allclose(shelf[4:], [-1.69065929318241, 0.73248077421585], atol=1e-7)
    np.testing.assert_allclose(high_pass[:3], [1.0, -2.0, 1.0])
    np.testing.assert_allclose(high_pass[4:], [-1.99004745483398, 0.99007225036621], atol=1e-7)


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000])
def test_a_full_scale_sine_at_997_hz(rate):
    assert loudness(sine(997, rate), rate) == pytest.approx(-3.01, abs=0.05)


def test_half_is_six_decibels_less():
    full, half = (loudness(sine(440, 22_050, gain=g), 22_050) for g in (1.0, 0.5))
    assert full - half == pytest.approx(6.0206, abs=1e-3)


def test_silence_around_does_not_count():
    tone = sine(440, 22_050, seconds=10.0)
    padded = np.concatenate([tone, np.zeros(22_050 * 20)])
    assert loudness(padded, 22_050) == pytest.approx(loudness(tone, 22_050), abs=0.1)


def test_edges():
    assert loudness(np.zeros(22_050), 22_050) == -np.inf
    assert loudness(np.zeros(0), 22_050) == -np.inf
    assert np.isfinite(loudness(sine(440, 22_050, seconds=0.1), 22_050))


def band(gains=(0.5, 0.05, 0.2, 0.0)):
    tones = (110.0, 900.0, 300.0, 500.0)
    return np.array(
        [sine(f, 22_050, gain=g) for f, g in zip(tones, gains, strict=True)], np.float32
    )


def test_stems_get_one_loudness_and_the_mix_its_peak():
    out = level_stems(band(), 22_050)
    lufs = [loudness(stem, 22_050) for stem in out[:3]]
    assert max(lufs) - min(lufs) < 1e-3
    assert 20 * np.log10(np.abs(out.sum(0)).max()) == pytest.approx(-1.0, abs=1e-3)
    assert not out[3].any() and out.dtype == np.float32


def test_gains_come_on_top():
    out = level_stems(band(), 22_050, gains_db={"bass": 3.0})
    assert loudness(out[0], 22_050) - loudness(out[1], 22_050) == pytest.approx(3.0, abs=1e-3)


def test_a_faint_note_stays_faint():
    levels = levels_of(band((0.5, 0.0005, 0.2, 0.0)), 22_050)
    assert 20 * np.log10(levels.balance[1]) == pytest.approx(TARGET_LUFS - FLOOR_LUFS)


def test_no_stem_goes_beyond_full_scale_when_stems_cancel():
    tone = sine(440, 22_050, gain=0.5).astype(np.float32)
    out = level_stems(np.stack([tone, -tone, tone * 0, tone * 0]), 22_050)
    assert np.abs(out).max() == pytest.approx(1.0, abs=1e-6)


def test_silence_stays_silence():
    assert not level_stems(np.zeros((4, 1_000), np.float32), 22_050).any()
