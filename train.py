"""Trains HarmonicFlow: `python train.py --data_dir data/slakh2100`; see `--help`.

Ctrl-C and SIGTERM save and leave after the step in progress; `--resume` goes on from there.
"""

from __future__ import annotations

import sys

from training.settings import parse_arguments
from training.signals import Stopped
from utils import run_script


def main() -> None:
    """Parses, then loads what takes long and trains."""
    command = parse_arguments(sys.argv[1:])
    from training.project import project_of
    from training.run import train

    try:
        train(command, project_of(command.settings.stage))
    except Stopped as stop:
        print(f"{stop}: go on with --resume", file=sys.stderr)
        raise SystemExit(128 + stop.signal) from None


if __name__ == "__main__":
    run_script(main)
