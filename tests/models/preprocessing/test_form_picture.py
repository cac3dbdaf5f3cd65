"""The picture of a form: everything on one page."""

from metrics.pictures import to_image
from models.preprocessing.form_picture import form_figure
from models.preprocessing.temporal import structure_of_score
from tests.models.preprocessing.songs import song


def test_the_page_shows_sections_and_motifs():
    structure = structure_of_score(song("ABA", bars_each=3))
    figure = form_figure(structure)
    top, matrix, curve, below = figure.axes
    assert [text.get_text() for text in top.texts] == list(structure.letters)
    assert len(below.get_yticks()) == len(structure.motifs) > 0
    assert top.get_title() == "small song: ABA"
    image = to_image(figure)
    assert image.ndim == 3 and image.std() > 10
