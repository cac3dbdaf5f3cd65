"""Open-Unmix as a baseline of the same budget: the published network on our spectra and mixtures.

Four of its networks (Stöter et al. 2019: a bidirectional LSTM over magnitudes, one per stem) learn
side by side from the batches that the separator learns from, for as many minutes, by the squared
error of magnitudes as published. Their estimates become masks by each one's part of the sum. The
package `openunmix` is needed for this comparison alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from torch import nn

from models.preprocessing.separation.remixing import levelled, remixed
from models.preprocessing.separation.spectra import NUM_BINS, spectra
from utils import STEMS, UserError, torch_rng

HIDDEN = 512
LEARNING_RATE = 1e-3
FILE = "openunmix.pt"


class OpenUnmixBand(nn.Module):
    """Spectra (b f m) to masks (b s f m) that sum to 1, by one Open-Unmix per stem.

    Raises:
        UserError: the package is not there, with the line that installs it.
    """

    def __init__(self, hidden: int = HIDDEN) -> None:
        super().__init__()
        try:
            from openunmix.model import OpenUnmix
        except ImportError:
            raise UserError(
                "Open-Unmix is not installed: 'pip install openunmix' (needed for this "
                "comparison alone)"
            ) from None
        self.hidden = hidden
        self.targets = nn.ModuleList(
            OpenUnmix(nb_bins=NUM_BINS, nb_channels=1, hidden_size=hidden) for _ in STEMS
        )

    def magnitudes(self, mixture: torch.Tensor) -> torch.Tensor:
        """Estimated magnitudes (b s f m) of a mixture's magnitudes (b f m)."""
        return torch.cat([target(mixture[:, None].clone()) for target in self.targets], 1)

    def forward(self, spectrum: torch.Tensor) -> torch.Tensor:
        parts = self.magnitudes(spectrum.abs()) + 1e-9
        return parts / parts.sum(1, keepdim=True)


def train_openunmix(
    batches: Iterable[torch.Tensor], minutes: float, *, seed: int = 0, hidden: int = HIDDEN
) -> OpenUnmixBand:
    """A baseline trained for some minutes on batches of stems (b s t), remixed as for our own."""
    torch.manual_seed(seed)
    model, stop = OpenUnmixBand(hidden), time.monotonic() + 60.0 * minutes
    model.train()
    optimiser = torch.optim.Adam(model.parameters(), LEARNING_RATE, weight_decay=1e-5)
    for step, stems in enumerate(batches):
        rng = torch_rng(seed, step)
        size = spectra(_with_mixture(levelled(remixed(stems, rng), rng))).abs()
        if step == 0:
            _standardise(model, size[:, -1])
        loss = (model.magnitudes(size[:, -1]) - size[:, :-1]).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if time.monotonic() > stop:
            break
    return model.eval()


def _with_mixture(stems: torch.Tensor) -> torch.Tensor:
    return torch.cat([stems, stems.sum(1, keepdim=True)], 1)


@torch.no_grad()
def _standardise(model: OpenUnmixBand, size: torch.Tensor) -> None:
    """Each network begins with the mean and deviation of a batch's magnitudes (b f m) per bin."""
    mean, deviation = size.mean((0, 2)), size.std((0, 2)).clamp_min(1e-4)
    for target in model.targets:
        target.input_mean.copy_(-mean)
        target.input_scale.copy_(1.0 / deviation)


def endless(data, batch_size: int) -> Iterator[torch.Tensor]:
    """Batches (b s t) of a training set, whose indexes go on without end."""
    start = 0
    while True:
        yield torch.stack([data[i].audio for i in range(start, start + batch_size)])
        start += batch_size


def save_openunmix(model: OpenUnmixBand, folder: str | Path) -> None:
    """Writes the baseline's weights to a folder."""
    from utils import write_atomically

    with write_atomically(Path(folder) / FILE) as partial:
        torch.save({"hidden": model.hidden, "state": model.state_dict()}, partial)


def load_openunmix(folder: str | Path) -> OpenUnmixBand:
    """The baseline in a folder that `save_openunmix` wrote.

    Raises:
        UserError: nothing is there, or the package is missing.
    """
    path = Path(folder) / FILE
    if not path.is_file():
        raise UserError(f"no Open-Unmix at '{path}': train one with --train_openunmix MINUTES")
    saved = torch.load(path, map_location="cpu", weights_only=True)
    model = OpenUnmixBand(saved["hidden"])
    model.load_state_dict(saved["state"])
    return model.eval()
