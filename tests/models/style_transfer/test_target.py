"""Names, ids and blends."""

import pytest
import torch

from data.labels import GENRES
from data.movement import STYLES
from models.style_transfer import Target, parse_blend
from utils import UserError

JAZZ, FUNK = STYLES.index("jazz"), STYLES.index("funk")


@pytest.mark.parametrize("said", ["jazz", " Jazz ", JAZZ, str(JAZZ), "jazz=0.2", {"jazz": 3}])
def test_one_style_has_all_the_weight_however_it_is_said(said):
    assert parse_blend("style", said) == {JAZZ: 1.0}


@pytest.mark.parametrize(
    "said", ["jazz=0.75 funk=0.25", "jazz=3, funk", {"jazz": 3, FUNK: 1}, f"{JAZZ}=6 {FUNK}=2"]
)
def test_only_the_proportions_of_weights_matter(said):
    assert parse_blend("style", said) == {JAZZ: 0.75, FUNK: 0.25}


def test_what_has_no_weight_takes_no_part():
    assert Target.of("jazz=1 funk=0") == Target.of("jazz")


def test_blends_of_two_labels_multiply_and_the_heaviest_comes_first():
    target = Target.of("jazz=0.25 funk=0.75", genre="latin", emotion={"happy": 1, "sad": 1})
    parts = target.parts
    assert [part.weight for part in parts] == [0.375, 0.375, 0.125, 0.125]
    assert sum(part.weight for part in parts) == 1.0
    assert parts[0].ids == {"style": FUNK, "genre": GENRES.index("latin"), "emotion": 0}
    assert target.named()["style"] == {"jazz": 0.25, "funk": 0.75}
    assert target.described() == "0.25 jazz, 0.75 funk, latin, 0.5 happy, 0.5 sad"


def test_a_reference_alone_is_one_part_without_ids():
    (part,) = Target.of(reference=torch.zeros(4)).parts
    assert part.weight == 1.0 and part.ids == {}
    assert Target.of(reference=torch.zeros(4), text="slowly").described() == (
        "like a recording, slowly"
    )


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("jaz", "unknown style 'jaz': did you mean 'jazz'"),
        ("99", "unknown style '99': choose from: pop"),
        ("jazz=loud", "'jazz=loud' has no weight .* jazz=0.7"),
        ("jazz=-1", "weight of style 'jazz' is -1: expected 0 or more"),
        ("jazz=nan", "weight of style 'jazz' is nan"),
        ("jazz=0 funk=0", "no style has a weight above 0"),
        ("jazz=0.5 Jazz=0.5", "'jazz' has two weights"),
        ("", "no style has a weight"),
    ],
)
def test_what_cannot_be_is_refused(said, message):
    with pytest.raises(UserError, match=message):
        parse_blend("style", said)


def test_a_target_says_something():
    with pytest.raises(UserError, match="no style is said"):
        Target.of()
