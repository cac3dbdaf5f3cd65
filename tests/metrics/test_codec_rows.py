"""A perfect codec reaches its ceiling; a score codec stands beside the roll it reads."""

import numpy as np
import pytest

from metrics.codec_rows import codec_rows, neighbours, score_codec_rows
from metrics.waveform import compare_segments
from tests.metrics.band import band


@pytest.fixture(scope="module")
def audio() -> np.ndarray:
    rng = np.random.default_rng(0)
    return 0.1 * rng.standard_normal((3, 4, 12_000)).astype(np.float32)


def test_a_perfect_codec_reaches_its_ceiling(audio):
    floor = compare_segments(np.stack(neighbours(audio)), audio)
    rows = codec_rows(compare_segments(audio, audio), floor)
    assert len(rows) == 15 and {row.count for row in rows} == {3}
    for row in rows:
        assert row.value == row.ceiling and row.floor != row.ceiling
    assert np.isnan(codec_rows(compare_segments(audio, audio), [])[0].floor)


def test_what_sounds_where_a_stem_rests_is_a_level(audio):
    resting = audio.copy()
    resting[:2, 3] = 0.0
    rows = {row.name: row for row in codec_rows(compare_segments(audio, resting), [])}
    level = rows["level where silent dB, piano"]
    assert level.count == 2 and level.value == pytest.approx(-20.0, abs=0.2)
    assert rows["SI-SDR dB, piano"].count == 1
    assert "level where silent dB, bass" not in rows


def test_neighbours_are_what_a_thing_is_not():
    assert neighbours([1, 2, 3]) == [2, 3, 1] and neighbours([1]) == []


def test_a_score_codec_stands_beside_the_roll_it_reads():
    real = [band(seed) for seed in range(4)]
    fewer = [{s: n.where(np.arange(len(n)) % 2 == 0) for s, n in song.items()} for song in real]
    rows = {row.name: row for row in score_codec_rows(fewer, real, real)}
    assert rows["onset F1, piano"].value == pytest.approx(2 / 3, abs=0.01)
    assert rows["onset F1, piano"].ceiling == 1.0
    assert rows["onset F1, piano"].floor < 0.3
    assert rows["onset + offset F1, pitched"].ceiling == 1.0
    assert "onset + offset F1, drums" not in rows
