"""The late field: velvet noise, decay and level."""

import numpy as np
import pytest

from models.postprocessing.spatial.late import late_field, velvet
from models.postprocessing.spatial.room import WALLS, Room

RATE = 22_050
HALL = Room((12.0, 9.0, 5.0), (6.0, 4.5, 1.5), dict.fromkeys(WALLS, "carpet"))


def test_velvet_noise_is_sparse_and_of_unit_power():
    noise = velvet(5 * RATE, RATE, 0)
    assert np.square(noise).mean() == pytest.approx(1.0, rel=0.01)
    assert (noise != 0).mean() == pytest.approx(4_000 / RATE, rel=0.05)
    assert abs(np.corrcoef(noise, velvet(5 * RATE, RATE, 1))[0, 1]) < 0.02


@pytest.mark.parametrize("hertz", [500.0, 1_000.0, 4_000.0])
def test_every_frequency_decays_in_its_own_time(hertz):
    """Schroeder's backward integral of a narrow band, from 5 to 35 dB down."""
    field = late_field(HALL, RATE, num_channels=1, order=3)[0]
    spectrum = np.fft.rfft(field)
    freq = np.fft.rfftfreq(len(field), 1 / RATE)
    near = np.exp(-((np.log2(np.maximum(freq, 1.0) / hertz) / 0.1) ** 2))
    energy = np.cumsum(np.square(np.fft.irfft(spectrum * near, len(field)))[::-1])[::-1]
    level = 10 * np.log10(energy / energy[0])
    begin, end = np.searchsorted(-level, [5.0, 35.0])
    measured = 2.0 * (end - begin) / RATE
    assert measured == pytest.approx(HALL.reverberation_seconds(np.array([hertz]))[0], rel=0.12)


def test_level_is_the_diffuse_fields():
    """Beyond the onset, power per sample is that of the room's exponential decay."""
    hall = Room(HALL.size, HALL.listener, dict.fromkeys(WALLS, "wood"))
    field = late_field(hall, RATE, num_channels=4, order=3)
    begin, end = round(0.15 * RATE), round(0.25 * RATE)
    spectrum = np.square(np.abs(np.fft.rfft(field[:, begin:end] * np.hanning(end - begin)))).mean(0)
    hertz = np.fft.rfftfreq(end - begin, 1 / RATE)
    middle = (hertz > 800) & (hertz < 1_250)
    measured = spectrum[middle].mean() / np.square(np.hanning(end - begin)).sum()
    one = np.array([1_000.0])
    rate = 6 * np.log(10) / hall.reverberation_seconds(one)[0]
    expected = hall.reverberant_power(one)[0] * rate / RATE * np.exp(-rate * 0.2)
    assert 10 * np.log10(measured / expected) == pytest.approx(0.0, abs=0.8)


def test_channels_are_independent_and_begin_in_silence():
    field = late_field(HALL, RATE, num_channels=2, order=3)
    assert abs(np.corrcoef(field)[0, 1]) < 0.05
    first = int(HALL.mean_free_path / 343.0 * RATE)
    assert not field[:, :first].any() and field[:, first + 50 : first + 500].any()
