"""Plain columns of labels: one place for each fact, zero where nothing is said."""

import torch

from models.encoders.conditions import Conditions
from models.encoders.labels import ID_NAMES, SONG_SCALES
from models.encoders.plain_labels import (
    NUM_SONG_COLUMNS,
    NUM_STEM_COLUMNS,
    song_columns,
    stem_columns,
)

NAN = float("nan")


def filled(**said) -> Conditions:
    """Two songs; every label is there, null where nothing is said."""
    ids = {name: torch.tensor([-1, -1]) for name in (*ID_NAMES, "meter")}
    numbers = {name: torch.tensor([NAN, NAN]) for name in SONG_SCALES}
    stems = {name: torch.full((2, 4), -1) for name in ("program", "plays")}
    stems["density"] = torch.full((2, 4), NAN)
    return Conditions(**{**ids, **numbers, **stems, **said})


def test_nothing_said_is_zero():
    assert song_columns(filled()).shape == (2, NUM_SONG_COLUMNS)
    assert stem_columns(filled()).shape == (2, 4, NUM_STEM_COLUMNS)
    assert not song_columns(filled()).any() and not stem_columns(filled()).any()


def test_every_fact_of_a_song_has_columns_of_its_own():
    facts = {name: torch.tensor([0.6, NAN]) for name in SONG_SCALES}
    facts |= {name: torch.tensor([3, -1]) for name in (*ID_NAMES, "meter")}
    seen = torch.zeros(NUM_SONG_COLUMNS, dtype=torch.bool)
    for name, value in facts.items():
        columns = song_columns(filled(**{name: value}))
        assert columns[0].any() and not columns[1].any()
        assert not (seen & (columns[0] != 0)).any()
        seen |= columns[0] != 0


def test_a_number_in_the_middle_of_its_scale_is_known():
    zero = song_columns(filled(valence=torch.tensor([0.0, NAN])))
    assert zero[0].sum() == 1.0 and not zero[1].any()


def test_instruments_of_a_family_share_a_column_and_drums_have_none():
    columns = stem_columns(filled(program=torch.tensor([[32, 128, 25, 0], [33, 0, 30, 40]])))
    same = (columns[0] == columns[1]).all(-1)
    assert same.tolist() == [True, True, True, False]
    assert not columns[:, 1].any()


def test_resting_and_playing_differ():
    plays = torch.tensor([[1, 0, -1, -1]] * 2)
    bass, drums, guitar, _ = stem_columns(filled(plays=plays))[0]
    assert bass.sum() == drums.sum() == 1.0 and not guitar.any()
    assert not torch.equal(bass, drums)
