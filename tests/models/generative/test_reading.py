import pytest
import torch

from models.encoders.conditions import Conditions
from models.generative.reading import Guidance, Reading
from utils import torch_rng

TEXT = Conditions(text_tokens=torch.ones(2, 3, 384))
NEGATIVE = (torch.full((2, 5, 384), 2.0), torch.ones(2, 5, dtype=torch.bool))


def test_only_what_is_said_and_weighs_costs_a_reading():
    of = lambda weights, said, facts=False, **k: dict(
        Guidance.of(weights, said, facts=facts, **k).weights
    )
    assert of(2.0, Conditions()) == {} and of(1.0, TEXT, facts=True) == {}
    assert of(2.0, TEXT) == of({"all": 2.0}, TEXT) == {"all": 2.0}
    assert of(3.0, Conditions(), facts=True) == {"all": 3.0}
    assert of({"text": 2, "mel": 3, "tempo": 4}, TEXT) == {"text": 2.0}
    assert of({"text": 2.0}, Conditions(), negative=NEGATIVE) == {"text": 2.0}


def test_versions_leave_out_what_is_pulled_on():
    pull = Guidance.of({"all": 2.0, "text": 0.5}, TEXT, facts=True)
    (said, a), (nothing, b), (silent, c) = pull.versions(TEXT)
    assert (a, b, c) == (True, False, True)
    assert said is TEXT and nothing.given == silent.given == ()


def test_a_negative_prompt_stands_where_the_text_is_left_out():
    pull = Guidance.of({"all": 2.0, "text": 0.5}, TEXT, facts=True, negative=NEGATIVE)
    _, (nothing, _), (silent, _) = pull.versions(TEXT)
    assert nothing.text_tokens is NEGATIVE[0] and silent.given == ()


def test_combined_logits_start_from_nothing_and_go_past_what_is_said():
    full, without = torch.randn(2, 4, 7, generator=torch_rng(0))
    stack = torch.cat([full, without])
    combined = lambda w: Guidance({"all": w}).combined(stack)
    torch.testing.assert_close(combined(2.5), without + 2.5 * (full - without))
    torch.testing.assert_close(combined(0.0), without)
    assert torch.equal(Guidance({}).combined(full), full)


@pytest.mark.parametrize("lengths", [(2, 5), (4, 4)])
def test_joined_readings_are_padded_where_nothing_is_looked_at(lengths):
    readings = [
        Reading(torch.ones(2, n, 3), torch.ones(2, n, dtype=torch.bool), torch.full((2, 6), n))
        for n in lengths
    ]
    joined = Reading.joined(readings)
    assert joined.tokens.shape == (4, max(lengths), 3) and joined.summary.shape == (4, 6)
    assert joined.mask.sum(1).tolist() == [lengths[0]] * 2 + [lengths[1]] * 2
    assert (joined.tokens[~joined.mask] == 0).all()
