"""Every test of the loop begins with a fresh Accelerate and torch's usual settings."""

import pytest
import torch
from accelerate.state import AcceleratorState


@pytest.fixture(autouse=True)
def fresh_accelerate():
    threads = torch.get_num_threads()
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)
    torch.set_deterministic_debug_mode("default")
    torch.set_num_threads(threads)
