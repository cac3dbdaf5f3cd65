"""The transcriber's loss, and that a little training lets it hear."""

import pytest
import torch

from models.objectives.transcriber import TranscriberObjective
from utils import STEMS, torch_rng


@pytest.fixture
def latents(model, batch):
    encoded = model.encode(batch.audio, batch.roll)
    batch.sound, batch.notes = encoded.sound, encoded.score
    return batch


class Told(torch.nn.Module):
    """A transcriber that was told the answer."""

    def __init__(self, notes: torch.Tensor) -> None:
        super().__init__()
        self.notes = notes

    def forward(self, sound: torch.Tensor) -> torch.Tensor:
        return self.notes


def test_the_right_answer_has_no_distance_and_the_least_roll_error(model, latents):
    objective = TranscriberObjective(model).eval()
    guess = objective(latents, torch_rng(0)).parts
    model.transcriber = Told(latents.notes)
    right = TranscriberObjective(model).eval()(latents, torch_rng(0)).parts
    assert right["latents"] == 0.0 and guess["latents"] > 0.1
    assert right["place"] == pytest.approx(0.0, abs=1e-6)


def test_unknown_notes_do_not_count(model, latents):
    objective = TranscriberObjective(model).eval()
    latents.score_known[0, 2] = False
    before = objective(latents, torch_rng(0)).total
    latents.notes[0, 2] += 3.0
    assert torch.equal(objective(latents, torch_rng(0)).total, before)


def test_it_learns(model, latents):
    objective = TranscriberObjective(model).train()
    optimizer = torch.optim.Adam(model.transcriber.parameters(), lr=3e-3)
    losses = []
    for i in range(40):
        loss = objective(latents, torch_rng(i)).total
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]
    assert all(p.grad is None for p in model.score_codec.parameters())


def test_media_show_real_above_transcribed(model, latents):
    media = TranscriberObjective(model).eval().media(latents, torch_rng(0))
    assert media.images.keys() == {f"{stem}/roll" for stem in STEMS}
