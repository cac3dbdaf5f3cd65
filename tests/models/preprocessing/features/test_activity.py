"""When a stem sounds: exact spans of tones and notes."""

import numpy as np
import pytest

from data.score import Notes
from models.preprocessing.features.activity import joined, playing_spans, sounding_spans
from models.preprocessing.features.record import Span

RATE = 22_050


def tones(*spans: tuple[float, float], seconds: float = 10.0, level: float = 0.1) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    on = sum(((time >= a) & (time < b)) for a, b in spans)
    return (level * np.sin(2 * np.pi * 220 * time) * on).astype(np.float32)


def ends(spans: tuple[Span, ...]) -> list[float]:
    return [time for span in spans for time in (span.start, span.end)]


def test_spans_of_tones_are_found_to_a_block():
    spans = sounding_spans(tones((1.0, 3.0), (6.0, 8.5)), RATE)
    assert ends(spans) == pytest.approx([1, 3, 6, 8.5], abs=0.051)


def test_short_rests_belong_to_the_phrase():
    assert len(sounding_spans(tones((1.0, 3.0), (3.9, 6.0)), RATE)) == 1
    assert len(sounding_spans(tones((1.0, 3.0), (4.2, 6.0)), RATE)) == 2


def test_what_leaks_in_softly_is_no_playing():
    loud, leak = tones((1.0, 4.0)), tones((0.0, 10.0), level=0.0005)
    spans = sounding_spans(loud + leak, RATE)
    assert ends(spans) == pytest.approx([1, 4], abs=0.051)


def test_silence_never_sounds():
    assert sounding_spans(np.zeros(RATE, np.float32), RATE) == ()
    assert sounding_spans(tones((0.0, 10.0), level=1e-4), RATE) == ()


def test_playing_by_the_notes():
    notes = Notes.of([0.0, 1.5, 5.0], [1.0, 2.0, 6.0], [40, 41, 42], [90] * 3)
    assert playing_spans(notes, 5.5) == (Span(0.0, 2.0), Span(5.0, 5.5))
    assert playing_spans(notes, 9.0, drums=True)[0] == Span(0.0, 0.1)


def test_rests_of_a_second_part_spans():
    assert joined(np.array([[0.0, 1.0], [1.999, 3.0]]), 9.0) == (Span(0.0, 3.0),)
    assert joined(np.array([[0.0, 1.0], [2.0, 3.0]]), 9.0) == (Span(0.0, 1.0), Span(2.0, 3.0))
    assert joined(np.zeros((0, 2)), 9.0) == ()
