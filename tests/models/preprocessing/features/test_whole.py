"""Long songs: pieces cover them, and what is heard in pieces is what is heard at once."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from data.score import Notes
from models.preprocessing.features import whole
from models.preprocessing.features.whole import hear, pieces_of, transcribed
from tests.data.listening.sounds import band
from utils import SAMPLE_RATE, STEMS


def test_a_song_of_ordinary_length_is_one_piece():
    assert len(pieces_of(300 * SAMPLE_RATE)) == 1
    piece = pieces_of(100)[0]
    assert (piece.first, piece.last, piece.start, piece.end) == (0, 100, -np.inf, np.inf)


def test_long_songs_are_covered_with_overlap():
    pieces = pieces_of(1_000 * SAMPLE_RATE)
    assert len(pieces) == 4 and pieces[0].first == 0 and pieces[-1].last == 1_000 * SAMPLE_RATE
    for before, after in zip(pieces[:-1], pieces[1:], strict=True):
        assert before.end == after.start
        assert before.last - after.first == 16 * SAMPLE_RATE
        assert after.first / SAMPLE_RATE < after.start < before.last / SAMPLE_RATE


def test_pieces_hear_what_is_heard_at_once(monkeypatch):
    audio = band(120.0, 45.0, roots=(45, 50, 45, 52))
    once = hear(audio)
    monkeypatch.setattr(whole, "PIECE_SECONDS", 20.0)
    assert len(pieces_of(audio.shape[1])) == 2
    parts = hear(audio)
    assert np.abs(once.beats[:, None] - parts.beats).min(1).max() < 0.03
    assert len(parts.beats) == len(once.beats) and parts.key == once.key
    assert (parts.in_bar == once.in_bar).mean() > 0.95
    assert np.mean([a == b for a, b in zip(parts.chords, once.chords, strict=True)]) > 0.95
    assert len(parts.strokes["drums"]) == pytest.approx(len(once.strokes["drums"]), abs=2)
    assert parts.plays.tolist() == once.plays.tolist()


def test_no_beat_no_chords_no_meter():
    heard = hear(np.zeros(3 * SAMPLE_RATE, np.float32))
    assert len(heard.beats) == 0 and heard.chords == () and heard.meter is None
    assert heard.key is None


class Metronome:
    """In the place of a model: hears a note every second of each piece, on pitch 60."""

    def transcribe(self, stems: torch.Tensor):
        onsets = np.arange(stems.shape[-1] // SAMPLE_RATE, dtype=float)
        notes = Notes.of(onsets, onsets + 0.5, [60] * len(onsets), [90] * len(onsets))
        return SimpleNamespace(scores=[SimpleNamespace(notes=dict.fromkeys(STEMS, notes))])


def test_notes_of_pieces_come_once_and_in_place(monkeypatch):
    monkeypatch.setattr(whole, "PIECE_SECONDS", 30.0)
    notes = transcribed(Metronome(), np.zeros((4, 60 * SAMPLE_RATE), np.float32))
    assert notes["piano"].onset.tolist() == list(range(60))
    assert transcribed(Metronome(), np.zeros((4, 12_000), np.float32))["bass"].offset.tolist() == [
        0.5
    ]
