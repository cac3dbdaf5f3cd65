"""Running a command in a test: its command line, and the one line with which it refuses."""

import sys
from collections.abc import Callable

import pytest

from utils import run_script


def run_command(monkeypatch, main: Callable[[], None], *arguments: object) -> None:
    """Runs a script's `main` as if `arguments` stood on the command line."""
    monkeypatch.setattr(sys, "argv", ["script.py", *map(str, arguments)])
    run_script(main)


def error_of(monkeypatch, capsys, main: Callable[[], None], *arguments: object) -> str:
    """The one line on stderr of a command that must fail."""
    with pytest.raises(SystemExit) as stopped:
        run_command(monkeypatch, main, *arguments)
    lines = capsys.readouterr().err.splitlines()
    assert stopped.value.code == 2 and len(lines) == 1 and lines[0].startswith("error: ")
    return lines[0]
