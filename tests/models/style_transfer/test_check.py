"""The table of a tiny model on composed songs: floors, strengths and ceilings in their places."""

import pytest

from data.arranger import compose
from data.movement import STYLES
from data.score import Score
from metrics.style_classifier import train_classifier
from models.harmonicflow import HarmonicFlow
from models.presets import tiny
from models.style_transfer.check import (
    Labelled,
    Line,
    check,
    check_target,
    kept_of,
    main,
    read_labelled,
    table,
)
from utils import UserError

JAZZ, ROCK = STYLES.index("jazz"), STYLES.index("rock")
pytestmark = pytest.mark.filterwarnings("ignore:untrained parts")


def songs(style: int, first: int, count: int) -> list[Score]:
    made = [compose(seed, style=style, num_bars=4) for seed in range(first, first + count)]
    return [score.excerpt(0.0, 4.0) for score in made]


@pytest.fixture(scope="module")
def taught() -> list[Labelled]:
    return [Labelled(score, style) for style in (JAZZ, ROCK) for score in songs(style, 0, 6)]


def test_strength_0_is_the_ceiling_of_what_is_kept(model, taught):
    judge = train_classifier([x.score for x in taught], [x.index for x in taught])
    column = list(judge.classes).index(JAZZ)
    rock, jazz = songs(ROCK, 50, 2), songs(JAZZ, 50, 2)
    how = {"label": "style", "index": JAZZ, "strengths": (0.0, 1.0)}
    lines = check_target(model, rock, jazz, judge, **how)
    assert [line.what for line in lines] == ["floors", "strength 0", "strength 1", "ceilings"]
    floors, same, new, ceilings = lines
    assert same.kept.onsets > 0.97 and ceilings.kept.onsets == 1.0
    assert floors.kept.onsets < 0.5 and new.kept.onsets < 0.5
    assert ceilings.kept.chroma == pytest.approx(1.0)
    assert floors.gained == pytest.approx(judge.probabilities(rock)[:, column].mean())
    assert ceilings.gained == pytest.approx(judge.probabilities(jazz)[:, column].mean())
    assert same.gained == pytest.approx(floors.gained, abs=0.05) and floors.gained < 0.5
    assert ceilings.gained > 0.5


def test_songs_of_the_target_are_not_changed_and_others_must_be_known(model, taught):
    how = {"label": "style", "num_songs": 2}
    with pytest.raises(UserError, match="no judge for style 'jaz': did you mean 'jazz'"):
        check(model, taught, taught, targets=["jaz"], **how)
    with pytest.raises(UserError, match="0 songs can be changed"):
        check(model, taught, taught, targets=["jazz", "rock"], **how)


def test_of_a_song_itself_everything_is_kept():
    (song,) = songs(JAZZ, 3, 1)
    same = kept_of(song, song)
    assert same.onsets == 1.0 and same.chroma == pytest.approx(1.0) and same.chord_tones > 0.6


def test_segments_come_with_their_label():
    from data.sources.arranger import ArrangerSource

    found = read_labelled(ArrangerSource(None, "validation", num_songs=3), 3, "style")
    assert len(found) == 3
    assert [x.index for x in found] == [STYLES.index(x.score.tags["style"]) for x in found]


def test_the_table_is_markdown(taught):
    line = Line("jazz", "strength 1", kept_of(taught[0].score, taught[0].score), float("nan"))
    head, rule, row = table([line]).splitlines()
    assert head.count("|") == rule.count("|") == row.count("|") == 7
    assert row.startswith("| jazz | strength 1 | 1.00 | 1.00 |") and row.endswith("| – |")


def test_the_command_needs_songs(tmp_path):
    with pytest.raises(UserError, match="pass --data_dir DIR, or --source arranger"):
        main([])
    HarmonicFlow(tiny()).save_pretrained(tmp_path)
    with pytest.raises(UserError, match="no judge for style 'jazz'"):
        main(
            ["--source", "arranger", "--lessons", "10", "--checkpoint", str(tmp_path)]
            + ["--device", "cpu"]
        )
