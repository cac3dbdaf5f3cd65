"""What is expected beforehand: linear, of each stem, zero when new or when nothing is said."""

import pytest
import torch

from models.encoders.plain_labels import NUM_SONG_COLUMNS, NUM_STEM_COLUMNS
from models.generative.expectation import Expectation
from utils import torch_rng


@pytest.fixture
def expectation() -> Expectation:
    made = Expectation(sheet_width=6, text_width=5, score_dim=3)
    for i, parameter in enumerate(made.parameters()):
        torch.nn.init.normal_(parameter, generator=torch_rng(i))
    return made.requires_grad_(False)


def given(b: int = 2):
    sheet = torch.randn(b, 7, 6, generator=torch_rng(10))
    song = torch.randn(b, NUM_SONG_COLUMNS + 5, generator=torch_rng(11))
    return sheet, song, torch.randn(b, 4, NUM_STEM_COLUMNS, generator=torch_rng(12))


def test_a_new_one_expects_nothing():
    assert not Expectation(6, 5, 3)(*given()).any()


def test_what_is_said_of_the_song_is_the_same_at_every_frame(expectation):
    sheet, song, stems = given()
    found = expectation(torch.zeros_like(sheet), song, torch.zeros_like(stems))
    assert found.shape == (2, 4, 7, 3)
    assert torch.equal(found, found[:, :, :1].expand_as(found)) and found.any()
    twice = expectation(torch.zeros_like(sheet), 2 * song, torch.zeros_like(stems))
    assert torch.allclose(twice, 2 * found, atol=1e-5)


def test_what_is_said_of_a_stem_moves_that_stem_alone(expectation):
    sheet, song, stems = given()
    other = stems.clone()
    other[:, 2] += 1.0
    moved = (expectation(sheet, song, other) - expectation(sheet, song, stems)).abs()
    assert moved[:, 2].min() > 0.0 and not moved[:, [0, 1, 3]].any()


def test_labels_lean_on_habits(expectation):
    sheet, song, stems = given()
    habit = lambda song: expectation(sheet, song, stems) - expectation(0 * sheet, song, stems)
    assert not torch.allclose(habit(song), habit(0 * song), atol=0.1)
