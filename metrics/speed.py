"""How long does it take to make four stems? `python -m metrics.speed`

Cold: a new process from its start to its first result, imports and weights included (files may be
in the system's cache). Warm: the median of several songs in a process that has made one. Beside
them the share of time spent in the generator and the codecs, the peak memory, and what the same
machine reaches in a plain matrix product in the same run, because machines differ and so do their
neighbours.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from metrics.report import write_json
from utils import PRESET_NAMES, RELEASE, Parser, UserError, did_you_mean, run_script

if TYPE_CHECKING:
    import torch

PARTS = {
    "text": ("models.encoders.text", "TextEncoder", "encode"),
    "planner": ("models.generative.planner", "Planner", "plan"),
    "generator": ("models.generative.transformer", "StemTransformer", "forward"),
    "codec": ("models.latent.codec", "Codec", "synthesise"),
    "score codec": ("models.latent.score", "ScoreCodec", "decode"),
}


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
    """Largest resident memory of this process so far, 10^6 bytes; NaN where it is not told."""
    try:
        import resource
    except ImportError:
        return float("nan")
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


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


def _settler(device: torch.device) -> Callable[[], None]:
    import torch

    return torch.cuda.synchronize if device.type == "cuda" else lambda: None


def _load(args: argparse.Namespace):
    """The model to time: a checkpoint, the release, or a preset whose random weights all count."""
    import models.harmonicflow
    from models.harmonicflow import HarmonicFlow
    from models.presets import build

    if args.preset:
        model = HarmonicFlow(build(args.preset)).eval()
        model.trained.update(models.harmonicflow.PARTS)
        return model
    return HarmonicFlow.from_pretrained(args.checkpoint or RELEASE)


def measure(args: argparse.Namespace) -> dict:
    """One process's figures; seconds unless the name says otherwise."""
    start = time.perf_counter()
    import torch

    torch.set_num_threads(args.threads)
    device = torch.device(args.device)
    model = _load(args).to(device)
    loaded = time.perf_counter()
    said = {"text": [args.text], "duration": args.duration, "steps": args.steps}
    said = {name: value for name, value in said.items() if value is not None}
    first = _generate(model, said, device)
    result = {"load_seconds": loaded - start, "first_seconds": first["seconds"]}
    if args.repeats:
        runs = [_generate(model, said, device, seed) for seed in range(1, args.repeats + 1)]
        result |= _summary(runs, args.duration)
        result["matmul_fp32_gflops"] = matmul_gflops("float32", args.device)
        result["matmul_bf16_gflops"] = matmul_gflops("bfloat16", args.device)
    result["peak_memory_mb"] = peak_memory_mb()
    if device.type == "cuda":
        result["peak_device_memory_mb"] = torch.cuda.max_memory_allocated() / 1e6
    result["parameters"] = sum(p.numel() for p in model.parameters())
    return result


def _generate(model, said: dict, device: torch.device, seed: int = 0) -> dict[str, float]:
    """Seconds from the prompt to stems and notes, whole and by part."""
    settle = _settler(device)
    with clocked(PARTS, settle=settle) as parts:
        start = time.perf_counter()
        song = model.generate(**said, seed=seed)
        assert song.audio.isfinite().all() and len(song.scores) == 1
        settle()
        seconds = time.perf_counter() - start
    return {"seconds": seconds, **{f"{part}_seconds": parts[part] for part in PARTS}}


def _summary(runs: list[dict[str, float]], duration: float) -> dict:
    """Medians over runs, shares of the whole, and how many times faster than real time."""
    median = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    total = median["seconds"]
    shares = {part: median[f"{part}_seconds"] / total for part in PARTS}
    return {
        "warm_seconds": total,
        "warm_fastest_seconds": min(run["seconds"] for run in runs),
        "warm_slowest_seconds": max(run["seconds"] for run in runs),
        "times_real_time": duration / total,
        "shares": {**shares, "rest": max(0.0, 1.0 - sum(shares.values()))},
        "repeats": len(runs),
    }


def measure_cold(arguments: list[str], runs: int) -> dict:
    """Median wall seconds and peak memory of new processes that make one song and end."""
    command = [sys.executable, "-m", "metrics.speed", *arguments, "--cold_runs", "0"]
    walls, memory = [], []
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "cold.json"
        for _ in range(runs):
            start = time.perf_counter()
            done = subprocess.run(
                [*command, "--repeats", "0", "--json", str(report)],
                cwd=Path(__file__).parent.parent,
                capture_output=True,
                text=True,
            )
            walls.append(time.perf_counter() - start)
            if done.returncode:
                message = done.stderr.strip().splitlines() or ["no message"]
                raise UserError(f"the cold run failed: {message[-1].removeprefix('error: ')}")
            memory.append(json.loads(report.read_text())["peak_memory_mb"])
    return {
        "cold_seconds": statistics.median(walls),
        "cold_peak_memory_mb": statistics.median(memory),
        "cold_runs": runs,
    }


def build_parser() -> Parser:
    """The flags of the command."""
    parser = Parser(prog="python -m metrics.speed", description=__doc__)
    add = parser.add_argument
    add("--checkpoint", help="weights: a folder or a .pt file (default: those of the project)")
    add("--preset", help=f"random weights of a preset instead: {', '.join(PRESET_NAMES)}")
    add("--text", default="slow jazz trio, walking bass", help="prompt")
    add("--duration", type=float, default=11.9, help="seconds of music (default 11.9)")
    add("--steps", type=int, help="flow steps (default: the model's)")
    add("--threads", type=int, default=2, help="threads (default 2)")
    add("--device", default="cpu", help="cpu, cuda or mps (default cpu)")
    add("--repeats", type=int, default=5, help="warm runs, of which the median counts (default 5)")
    add("--cold_runs", type=int, default=3, help="new processes to time; 0 for none (default 3)")
    add("--json", help="also write the figures to this file")
    return parser


def _checked(args: argparse.Namespace) -> argparse.Namespace:
    if args.preset and args.preset not in PRESET_NAMES:
        near = did_you_mean(args.preset, PRESET_NAMES)
        raise UserError(f"unknown preset '{args.preset}': {near}")
    if args.preset and args.checkpoint:
        raise UserError("--preset is for random weights; leave it out to time --checkpoint")
    if not args.preset and not args.checkpoint and not (RELEASE / "model.safetensors").exists():
        raise UserError(f"no weights in {RELEASE}: pass --checkpoint, or --preset small")
    if not 1.0 <= args.duration <= 3_600.0:
        raise UserError(f"--duration is {args.duration:g}; choose from 1 to 3,600 seconds")
    for name, least in (("threads", 1), ("repeats", 0), ("cold_runs", 0)):
        if getattr(args, name) < least:
            raise UserError(f"--{name} is {getattr(args, name)}; it must be at least {least}")
    return args


def main(arguments: list[str] | None = None) -> None:
    """Measures and prints; `arguments` replace the command line's."""
    arguments = sys.argv[1:] if arguments is None else arguments
    args = _checked(build_parser().parse(arguments))
    result = measure_cold(arguments, args.cold_runs) if args.cold_runs else {}
    result |= measure(args)
    if args.json:
        write_json(args.json, {"settings": vars(args), **result})
    for name, value in result.items():
        if isinstance(value, dict):
            value = ", ".join(f"{part} {share:.0%}" for part, share in value.items())
        print(f"{name:24} {value:.3f}" if isinstance(value, float) else f"{name:24} {value}")


if __name__ == "__main__":
    run_script(main)
