"""How long does it take to make four stems? `python -m metrics.speed`

Cold: a new process from its start to its first result, imports and weights included (files may be
in the system's cache). Warm: the median of several songs in a process that has made one, in single
precision and in bfloat16. Beside them the share of time spent in each part, the peak memory, and
the operations a second next to what the same machine reaches in a plain matrix product in the same
run, because machines differ and so do their neighbours. `--msdm` times a published model's network
in the same run too.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from metrics.machine import (
    clocked,
    count_operations,
    forget_peak,
    matmul_gflops,
    peak_memory_mb,
)
from metrics.report import Row, write_json
from metrics.summary import summarise, summary_table
from utils import PRESET_NAMES, RELEASE, Parser, UserError, did_you_mean, run_script

if TYPE_CHECKING:
    import torch

PARTS = {
    "text": ("models.encoders.text", "TextEncoder", "encode"),
    "planner": ("models.generative.planner", "Planner", "plan"),
    "composer": ("models.generative.transformer", "StemTransformer", "forward"),
    "performer": ("models.generative.performer", "Performer", "forward"),
    "codec": ("models.latent.codec", "Codec", "synthesise"),
    "score codec": ("models.latent.score", "ScoreCodec", "decode"),
}
PRECISIONS = ("float32", "bfloat16")


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
    result["peak_memory_mb"] = peak_memory_mb()
    if args.repeats:
        operations = count_operations(lambda: model.generate(**said, seed=0).audio)
        for precision in args.precision:
            result[precision] = _warm(model, said, device, precision, args, operations)
    if args.msdm:
        result["msdm"] = _peer(device)
    if device.type == "cuda":
        result["peak_device_memory_mb"] = torch.cuda.max_memory_allocated() / 1e6
    result["parameters"] = sum(p.numel() for p in model.parameters())
    return result


def _warm(
    model,
    said: dict,
    device: torch.device,
    precision: str,
    args: argparse.Namespace,
    operations: float,
) -> dict:
    """Figures of a process that has made a song before, in one precision."""
    import torch

    forget_peak()
    half = precision != "float32"
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=half):
        runs = [_generate(model, said, device, seed) for seed in range(1, args.repeats + 1)]
    result = _summary(runs, args.duration)
    ceiling = matmul_gflops(precision, args.device)
    achieved = operations / result["warm_seconds"] / 1e9
    return result | {
        "peak_memory_mb": peak_memory_mb(),
        "gflop": operations / 1e9,
        "gflops": achieved,
        "matmul_gflops": ceiling,
        "share_of_matmul": achieved / ceiling,
    }


def _peer(device: torch.device) -> dict:
    """MSDM's network in the same run: seconds per call and per song."""
    from metrics.msdm import time_msdm

    cost = time_msdm(device)
    return {
        "parameters": cost.parameters,
        "seconds_per_call": cost.seconds_per_call,
        "calls_per_song": cost.calls_per_song,
        "seconds_per_song": cost.seconds_per_song,
    }


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
    again = [word for word in arguments if word != "--msdm"]
    command = [sys.executable, "-m", "metrics.speed", *again, "--cold_runs", "0"]
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
    add("--precision", nargs="+", default=list(PRECISIONS), choices=PRECISIONS,
        help="precisions to time, warm (default both)")  # fmt: skip
    add("--msdm", action="store_true", help="also time MSDM's network (needs its package)")
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
    for line in _lines(result):
        print(line)
    if args.repeats and args.precision[0] == "float32" and abs(args.duration - 11.9) < 0.1:
        seconds = result["float32"]["warm_seconds"]
        row = Row("cost", "warm seconds", seconds, better="lower", count=args.repeats)
        print(f"\n{summary_table(summarise([row]))}")


def _lines(figures: dict, indent: str = "") -> list[str]:
    """A line per figure; shares on one line, other groups under their name."""
    lines = []
    for name, value in figures.items():
        label = f"{indent}{name}"
        if name == "shares":
            shares = ", ".join(f"{part} {share:.0%}" for part, share in value.items())
            lines.append(f"{label:28} {shares}")
        elif isinstance(value, dict):
            lines += [label, *_lines(value, indent + "  ")]
        else:
            lines.append(
                f"{label:28} {value:.3f}" if isinstance(value, float) else f"{label:28} {value}"
            )
    return lines


if __name__ == "__main__":
    run_script(main)
