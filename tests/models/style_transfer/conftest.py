"""A composed song of five seconds."""

import pytest

from data.arranger import compose
from data.score import Score


@pytest.fixture
def score() -> Score:
    return compose(7, style="rock", num_bars=8).excerpt(0.0, 5.0)
