"""The melody: in the scale, on chord notes where it counts, a motif that returns."""

import numpy as np

from data.band.bar import METERS
from data.band.melody import RHYTHMS, Melodist
from data.band.voicing import scale_of
from data.chords import chord_tones
from tests.data.band.bars import bar_of


def test_rhythms_are_a_bar_long():
    for meter, rhythms in RHYTHMS.items():
        assert {len(r) for r in rhythms} == {METERS[meter].steps}


def test_notes_are_of_the_scale_or_the_chord_and_in_range():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        line = Melodist.for_style("pop", "4/4", 7, 72, rng)
        for place, chord in enumerate(("G", "Em", "C", "D7") * 2):
            for e in line.play(bar_of(chord, place=place), rng):
                assert e.pitch % 12 in {*scale_of(7), *chord_tones(chord)}
                if e.start % 1 == 0:
                    assert e.pitch % 12 in chord_tones(chord)
                assert 58 <= e.pitch <= 86


def test_the_motif_returns():
    line = Melodist.for_style("jazz", "4/4", 0, 72, np.random.default_rng(1))
    play = lambda place: line.play(bar_of("C", place=place), np.random.default_rng(0))
    first, _, third = play(0), play(1), play(2)
    assert [(e.start, e.pitch) for e in first] == [(e.start, e.pitch) for e in third]
