"""The picture of adherence."""

import pytest

from metrics.adherence.figure import adherence_figure
from metrics.pictures import to_image
from metrics.report import Row

ROWS = [
    Row("tempo", "within 4 %, number, notes", 0.7, 0.1, 0.9),
    Row("tempo", "within 4 %, number, sound", 0.5, 0.1, float("nan")),
    Row("key", "exact, words, notes", 0.3, 0.04, 0.7),
]


def test_sides_share_a_line_and_groups_have_headings():
    figure = adherence_figure(ROWS)
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert labels == ["TEMPO", "within 4 %, number", "KEY", "exact, words"]
    assert to_image(figure).std() > 1.0


def test_a_picture_needs_rows():
    with pytest.raises(ValueError, match="at least one row"):
        adherence_figure([])
