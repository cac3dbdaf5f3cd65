"""Shares of adapters: numbers, genres asked for, genres that the planner expects."""

import pytest
import torch

from data.brief import Brief
from data.labels import GENRES
from models.encoders.conditions import Conditions
from models.generative.brief import Plan
from models.generative.genre_adapters import About, GenreAdapter, save_adapter
from models.generative.genre_choice import AdapterChoice, probable_genres
from utils import UserError

JAZZ, ROCK = GENRES.index("jazz"), GENRES.index("rock")
PLANS = [Plan(Brief(), None), Plan(Brief(style=3), None)]


def choice(numbers: dict) -> AdapterChoice:
    """Adapters whose file is their genre's name."""
    return AdapterChoice({name: GenreAdapter({}, About(name)) for name in numbers}, numbers)


def shares(numbers: dict, said: Conditions | None = None, planner=None) -> list:
    found = choice(numbers).shares(said or Conditions(), PLANS, planner)
    return found.tolist()


def test_numbers_are_what_they_say_for_all_songs_or_each():
    assert shares({"rock": 0.5, "jazz": 0.25}) == [[0.5, 0.25]] * 2
    assert shares({"rock": [1.0, 0.0], "jazz": 0.0}) == [[1.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"rock": 1.5}, "choose from 0 to 1"),
        ({"rock": float("nan")}, "choose from 0 to 1"),
        ({"rock": [0.1, 0.2, 0.3]}, "3 shares of 'rock' for 2 songs"),
        ({"rock": 0.7, "jazz": 0.5}, "sum to 1.2: at most 1"),
    ],
)
def test_numbers_that_cannot_be_are_refused(numbers, words):
    with pytest.raises(UserError, match=words):
        shares(numbers)


def test_a_genre_that_is_asked_for_has_all_of_its_adapter():
    said = Conditions(genre=torch.tensor([ROCK, JAZZ]))
    assert shares({"rock": None, "jazz": None}, said) == [[1.0, 0.0], [0.0, 1.0]]
    assert shares({"rock": None, "bossa": None}, said) == [[1.0, 0.0], [0.0, 1.0]]
    assert shares({"rock": None, "jazz": 0.25}, said) == [[0.75, 0.25], [0.0, 0.25]]
    with pytest.warns(UserWarning, match="the adapters do nothing"):
        assert shares({"soul": None}, said) == [[0.0], [0.0]]


def test_without_a_genre_or_a_planner_they_share_evenly():
    assert shares({"rock": None, "jazz": None}) == [[0.5, 0.5]] * 2
    assert shares({"bossa": None}) == [[1.0], [1.0]]


def test_what_the_planner_expects_counts_where_nothing_is_asked(model):
    said = Conditions(genre=torch.tensor([-1, JAZZ]))
    model.planner.shown.fill_(True)
    probable = probable_genres(said, PLANS, model.planner)
    assert probable.sum(1).tolist() == pytest.approx([1.0, 1.0])
    assert 0.0 < float(probable[0, ROCK]) < 1.0 and float(probable[1, JAZZ]) == 1.0
    found = choice({"rock": None, "bossa": None}).shares(said, PLANS, model.planner)
    assert float(found[0, 0]) == pytest.approx(float(probable[0, ROCK]))
    torch.testing.assert_close(found.sum(1), torch.ones(2))
    blank = probable_genres(Conditions(), PLANS, model.planner)
    other_style = probable_genres(Conditions(), PLANS[::-1], model.planner)
    torch.testing.assert_close(blank[0], other_style[1])
    assert not torch.allclose(blank[0], other_style[0])
    model.planner.shown[1] = False  # a planner that has never seen a genre
    assert probable_genres(Conditions(), PLANS, model.planner).isnan().all()


def test_files_of_another_composer_are_refused(model, tmp_path):
    path = save_adapter(GenreAdapter.beside(model.composer, "rock"), tmp_path / "a.safetensors")
    found = AdapterChoice.of(path, model.composer)
    assert found.described(torch.tensor([[0.5]])) == [{str(path): 0.5}]
    assert AdapterChoice.of({path: 0.3}, model.composer).numbers == {str(path): 0.3}
    assert found.on(model.composer, torch.ones(1, 1)).composer is model.composer
    none = AdapterChoice.of(None, model.composer)
    assert none.on(model.composer, none.shares(Conditions(), PLANS, None)) is None
    next(model.composer.parameters()).data += 1.0
    with pytest.raises(UserError, match="trained beside other weights"):
        AdapterChoice.of([path], model.composer)
