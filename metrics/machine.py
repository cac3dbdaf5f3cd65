"""What a machine gives: a clock for parts of a program, the peak of memory, operations a second."""

from __future__ import annotations

import contextlib
import importlib
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path


@contextlib.contextmanager
def clocked(
    parts: dict[str, tuple[str, str, str]], *, settle: Callable[[], None] = lambda: None
) -> Iterator[dict[str, float]]:
    """Yields seconds per part, filled while the block runs; the methods are restored afterwards.

    Args:
        parts: name -> (module, class, method). A part inside another counts in both.
        settle: waits for the device before each reading of the clock.
    """
    seconds: dict[str, float] = defaultdict(float)
    with contextlib.ExitStack() as stack:
        for part, (module, class_name, method) in parts.items():
            owner = getattr(importlib.import_module(module), class_name)
            original = getattr(owner, method)
            setattr(owner, method, _timed(original, part, seconds, settle))
            stack.callback(setattr, owner, method, original)
        yield seconds


def _timed(method: Callable, part: str, seconds: dict[str, float], settle: Callable) -> Callable:
    def timed(*args, **kwargs):
        settle()
        start = time.perf_counter()
        try:
            return method(*args, **kwargs)
        finally:
            settle()
            seconds[part] += time.perf_counter() - start

    return timed


def peak_memory_mb() -> float:
    """Largest resident memory of this process since the last `forget_peak`, 10^6 bytes.

    NaN where the system does not tell.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) * 1_024 / 1e6
    try:
        import resource
    except ImportError:
        return float("nan")
    unit = 1 if sys.platform == "darwin" else 1_024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def forget_peak() -> None:
    """Starts the peak of memory anew, where the system can."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def matmul_gflops(dtype: str = "float32", device: str = "cpu", *, seconds: float = 0.3) -> float:
    """Billions of operations a second in square matrix products: the best of many.

    The size grows until a product takes a tenth of `seconds`, so that a type that the machine
    has no instructions for is measured as quickly as one that it has.
    """
    import torch

    best, size, end = 0.0, 64, time.perf_counter() + seconds
    while time.perf_counter() < end:
        a, b = torch.ones(2, size, size, dtype=getattr(torch, dtype), device=device)
        start = time.perf_counter()
        float((a @ b)[0, 0])
        taken = time.perf_counter() - start
        best = max(best, 2 * size**3 / taken / 1e9)
        if taken < seconds / 10 and size < 4_096:
            size *= 2
    return best


def count_operations(work: Callable[[], object]) -> float:
    """Floating point operations of a piece of work, counted by torch: products of matrices,
    convolutions, attention.
    """
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops())
