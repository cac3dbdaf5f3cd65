"""Sections of rows of numbers whose form is plain to see."""

import numpy as np
import pytest

from models.preprocessing.self_similarity import Taste, form_of, novelty_of, similarity_of


def rows(form: str, length: int = 6, noise: float = 0.05) -> np.ndarray:
    rng = np.random.default_rng(0)
    kinds = {letter: rng.standard_normal(8) for letter in sorted(set(form))}
    found = np.concatenate([np.tile(kinds[letter], (length, 1)) for letter in form])
    return found + noise * rng.standard_normal(found.shape)


@pytest.mark.parametrize("form", ["AB", "ABA", "ABCAB", "ABACABA"])
def test_a_plain_form_is_found(form):
    found = form_of(rows(form), np.zeros(6 * len(form)), Taste())
    assert "".join(found.letters) == form
    assert found.first.tolist() == [6 * i for i in range(len(form))]


def test_similarity_is_symmetric_and_one_with_itself():
    similarity = similarity_of(rows("AB"))
    assert np.allclose(similarity, similarity.T) and np.allclose(np.diag(similarity), 1.0)
    assert similarity[0, 1] > 0.9 > 0.6 > similarity[0, 8]


def test_novelty_peaks_at_the_change():
    novelty = novelty_of(similarity_of(rows("AB")))
    assert novelty.argmax() == 6 and novelty[0] == 0.0
    assert novelty[3] < 0.1 * novelty[6]


def test_what_never_changes_is_one_section():
    for features in (np.ones((20, 3)), np.ones((1, 3))):
        found = form_of(features, np.zeros(len(features)), Taste())
        assert found.letters == ("A",) and found.first.tolist() == [0]
    assert form_of(np.zeros((0, 3)), np.zeros(0), Taste()).letters == ()


def test_an_accent_marks_a_beginning_that_nothing_else_tells():
    accents = np.zeros(24)
    accents[12] = 1.0
    found = form_of(rows("AA", 12), accents, Taste())
    assert 12 in found.first and set(found.letters) == {"A"}


def test_sections_keep_their_shortest_length():
    noisy = np.random.default_rng(1).standard_normal((40, 4))
    first = form_of(noisy, np.zeros(40), Taste(novelty=-1.0, shortest=4)).first
    assert (np.diff([*first, 40]) >= 4).all()
