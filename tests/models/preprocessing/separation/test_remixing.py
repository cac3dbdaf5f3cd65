"""Company, gains, rests and levels of remixed stems."""

import torch

from models.preprocessing.separation.remixing import levelled, mixture_gain, remixed
from utils import torch_rng


def numbered(b: int) -> torch.Tensor:
    """Stems (b, 4, 2) that hold the song's number and the stem's."""
    songs, stems = torch.meshgrid(torch.arange(1.0, b + 1), torch.arange(4.0), indexing="ij")
    return torch.stack([10.0 + songs, 10.0 + stems], -1)


def test_half_stay_together_and_stems_stay_themselves():
    found = remixed(numbered(400), torch_rng(0))
    gain = found[..., 1] / numbered(400)[..., 1]
    song = (found[..., 0] / gain - 10.0).round()
    sounds = gain != 0
    own = ((song == torch.arange(1.0, 401.0)[:, None]) | ~sounds).all(1)
    assert 0.45 < own.float().mean() < 0.56
    assert 0.08 < (~sounds).float().mean() < 0.12 and sounds.any(1).all()
    db = 20.0 * gain[sounds].abs().log10()
    assert db.abs().max() <= 8.0 + 1e-4 and db.std() > 4.0
    assert 0.45 < (gain[sounds] < 0).float().mean() < 0.55


def test_the_same_numbers_give_the_same_mixtures():
    again = [remixed(numbered(8), torch_rng(1)) for _ in range(2)]
    assert torch.equal(*again)
    assert not torch.equal(again[0], remixed(numbered(8), torch_rng(2)))
    assert torch.equal(numbered(1)[..., :0], remixed(numbered(1)[..., :0], torch_rng(0)))


def test_mixtures_come_to_one_level():
    stems = (
        torch.randn(3, 4, 1_000, generator=torch_rng(0))
        * torch.tensor([0.001, 1.0, 9.0])[:, None, None]
    )
    found = levelled(stems)
    assert torch.allclose(found.sum(1).square().mean(-1), torch.ones(3), atol=1e-4)
    assert torch.allclose(found[1] / stems[1], found[1, 0, 0] / stems[1, 0, 0], atol=1e-4)
    db = 10.0 * levelled(stems, torch_rng(3)).sum(1).square().mean(-1).log10()
    assert db.abs().max() <= 4.0 and db.std() > 0.1


def test_silence_stays_silence():
    assert torch.equal(mixture_gain(torch.zeros(1, 9)), torch.ones(1))
    assert not levelled(torch.zeros(2, 4, 9)).any()
