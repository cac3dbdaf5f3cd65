import numpy as np
import pytest
import torch

from data.brief import Brief
from data.labels import LABEL_SPECS
from models.encoders.conditions import Conditions
from models.generative.brief import merged, mood_of, said_labels, sounding
from models.generative.emotion import point_of


def test_labels_of_one_song_are_read_off_conditions():
    said = Conditions(
        tempo=torch.tensor([90.0, float("nan")]),
        plays=torch.tensor([[1, 0, -1, -1], [-1, -1, 1, 1]]),
        text_tokens=torch.zeros(2, 1, 384),
    )
    first, second = said_labels(said, 0), said_labels(said, 1)
    assert first.keys() == {"tempo", "plays"} and first["tempo"] == 90.0
    assert np.isnan(second["tempo"]) and second["plays"].tolist() == [-1, -1, 1, 1]
    assert said_labels(Conditions(), 0) == {}


def test_moods_are_numbers_before_names():
    assert mood_of({}) is None and mood_of({"emotion": -1, "valence": float("nan")}) is None
    assert mood_of({"emotion": 1}) == pytest.approx(point_of("sad"))
    assert mood_of({"valence": -0.4, "arousal": 0.2, "emotion": 0}) == (-0.4, 0.2)
    assert mood_of({"arousal": 0.9}) == (0.0, 0.9)
    valence, arousal = mood_of({"emotion": 1, "arousal": 0.5})
    assert arousal == 0.5 and valence == pytest.approx(point_of("sad")[0])


def test_what_was_said_goes_before_the_brief():
    said = Conditions(
        tempo=torch.tensor([90.0, float("nan")]),
        style=torch.tensor([-1, 2]),
        plays=torch.tensor([[-1, 1, -1, -1], [-1, -1, -1, -1]]),
        text_tokens=torch.zeros(2, 1, 384),
    )
    plays = (0, 0, 1, None)
    briefs = [Brief(tempo=100.0, style=5, key=3, plays=plays, register=60.0)] * 2
    both = merged(said, briefs)
    assert both.tempo.tolist() == [90.0, 100.0] and both.style.tolist() == [5, 2]
    assert both.key.tolist() == [3, 3] and both.register.tolist() == [60.0, 60.0]
    assert both.plays.tolist() == [[0, 1, 1, -1], [0, 0, 1, -1]]
    assert both.text_tokens is said.text_tokens and both.genre.tolist() == [-1, -1]
    assert set(LABEL_SPECS) <= {name for name, _ in both.said()}


def test_nothing_known_says_nothing():
    assert merged(Conditions(), [Brief(), Brief()]).given == ()
    one = merged(Conditions(tempo=torch.tensor([90.0])), [Brief(), Brief(tempo=70.0)])
    assert one.tempo.tolist() == [90.0, 90.0]


def test_given_sound_plays_unless_it_is_said_to_rest():
    given = torch.tensor([[True, False, True, False], [True, True, False, False]])
    assert sounding(Conditions(), given).plays.tolist() == [[1, -1, 1, -1], [1, 1, -1, -1]]
    said = Conditions(plays=torch.tensor([[0, -1, -1, 1]]))
    assert sounding(said, given).plays.tolist() == [[0, -1, 1, 1], [0, 1, -1, 1]]
