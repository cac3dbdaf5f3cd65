"""The critic's losses, and that it learns to tell haze from tone."""

import pytest
import torch

from models.latent.critic import WINDOWS, Critic, mistaken, unlike
from utils import torch_rng


def test_hinge_losses():
    assert mistaken(torch.tensor([2.0]), torch.tensor([-3.0])) == 0.0
    assert mistaken(torch.tensor([0.0]), torch.tensor([0.5])).item() == pytest.approx(2.5)
    heard = [torch.ones(3), torch.full((2,), 2.0)]
    assert unlike(heard, heard) == 0.0
    assert unlike([2 * h for h in heard], heard).item() == pytest.approx(1.0, abs=0.01)


def test_a_verdict_and_a_hearing_per_window():
    judged = Critic()(torch.randn(2, 8_192, generator=torch_rng(0)), torch.tensor([0, 3]))
    assert len(judged) == len(WINDOWS)
    for verdict, heard in judged:
        assert verdict.shape[:2] == (2, 1) and len(heard) == 4


def test_it_learns_to_tell_haze():
    critic, time = Critic(), torch.arange(8_192)
    stems = torch.zeros(4, dtype=torch.long)
    pitches = torch.rand(4, 1, generator=torch_rng(1)) * 0.5 + 0.1
    tones = 0.2 * torch.sin(pitches * time)
    hazy = tones + 0.01 * torch.randn(tones.shape, generator=torch_rng(2))
    optimiser = torch.optim.Adam(critic.parameters(), lr=2e-3)
    losses = []
    for _ in range(12):
        pairs = zip(critic(tones, stems), critic(hazy, stems), strict=True)
        loss = sum(mistaken(real, copy) for (real, _), (copy, _) in pairs)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_it_learns_which_stem_a_recording_is_of():
    """Low and high tones, all of them real: each passes as its own stem alone."""
    critic, time = Critic(), torch.arange(8_192)
    pitches = torch.tensor([[0.1], [0.12], [1.0], [1.1]])
    tones, stems = 0.2 * torch.sin(pitches * time), torch.tensor([0, 0, 3, 3])
    optimiser = torch.optim.Adam(critic.parameters(), lr=2e-3)
    gap = lambda: sum(
        (verdict - judge.verdict(heard[-1], stems.flip(0))).mean().item()
        for judge, (verdict, heard) in zip(critic, critic(tones, stems), strict=True)
    )
    assert abs(gap()) < 0.2
    for _ in range(35):
        loss = 0.0
        for judge, (right, heard) in zip(critic, critic(tones, stems), strict=True):
            wrong = judge.verdict(heard[-1], stems.flip(0))
            loss = loss + mistaken(right, wrong, wrong)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert gap() > 1.0
