"""The moving average of weights: what is validated, folded into the next stage and released."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import nn


class EMA:
    """Exponential moving average of a model's trained parameters, by name.

    The decay starts low and rises to its final value, `min(decay, (1 + n) / (10 + n))` after n
    updates, so that a short run is not an average with its random beginning. Buffers are not
    averaged. Live weights are never written, except by `fold`.

    Args:
        model: parameters with `requires_grad` are followed, under the model's own names.
        decay: of a long run, in [0, 1); 0 follows the live weights exactly.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.updates = 0
        self._live = {n: p for n, p in model.named_parameters() if p.requires_grad}
        self._average = {n: p.detach().clone() for n, p in self._live.items()}

    @torch.no_grad()
    def update(self) -> None:
        """Moves the average towards the live weights; call after each optimiser step."""
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        average, live = list(self._average.values()), list(self._live.values())
        torch._foreach_lerp_(average, live, 1.0 - decay)

    @contextlib.contextmanager
    def swapped(self) -> Iterator[None]:
        """Within it the model computes with the average; the live tensors wait untouched."""
        live = {n: p.data for n, p in self._live.items()}
        try:
            for name, parameter in self._live.items():
                parameter.data = self._average[name]
            yield
        finally:
            for name, parameter in self._live.items():
                parameter.data = live[name]

    @torch.no_grad()
    def fold(self) -> None:
        """Makes the average the live weights: the end of a stage."""
        for name, parameter in self._live.items():
            parameter.copy_(self._average[name])

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Parameter name in the model -> averaged tensor (not a copy)."""
        return dict(self._average)

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, torch.Tensor], updates: int) -> None:
        """Takes in a saved average and the number of updates it has seen."""
        missing = self._average.keys() ^ state.keys()
        assert not missing, f"the average and the model differ in: {sorted(missing)[:3]}"
        for name, tensor in state.items():
            self._average[name].copy_(tensor)
        self.updates = updates
