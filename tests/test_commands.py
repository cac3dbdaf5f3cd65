"""Every command: help within two seconds of computing, without torch, from the one parser."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from utils import Parser

ROOT = Path(__file__).parent.parent
PARSERS = {
    "train": "training.settings",
    "evaluate": "evaluate",
    "generate": "generate",
    "metrics.speed": "metrics.speed",
    "metrics.throughput": "metrics.throughput",
    "data.render_midi": "data.render_midi",
    "data.convert_slakh": "data.convert_slakh",
}


@pytest.mark.parametrize("command", PARSERS)
def test_help_answers_without_torch(command):
    shown = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", command, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert shown.returncode == 0 and shown.stdout.startswith("usage: ")
    imported = {line.split("|")[-1].strip() for line in shown.stderr.splitlines()}
    assert "argparse" in imported and not imported & {"torch", "transformers", "matplotlib"}


@pytest.mark.parametrize("module", PARSERS.values())
def test_every_flag_has_help(module):
    parser = import_module(module).build_parser()
    assert type(parser) is Parser
    assert all(action.help for action in parser._actions)
