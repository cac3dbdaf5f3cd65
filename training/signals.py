"""Ctrl-C, SIGTERM and SIGUSR1: training finishes its step, saves and leaves.

Inside `deferred()` a signal is only noted, and every loop asks for it with `poll()`; elsewhere it
stops the process at once. A second signal, a moment after the first, does not wait for the save.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
ECHO_SECONDS = 2.0


class Stopped(KeyboardInterrupt):
    """A signal asked to stop; `signal` is its number.

    Not an `Exception`, so that code which survives bad files does not survive this.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.signal = number


class StopSignals:
    """Context manager that notes signals instead of dying by them.

    Attributes:
        received: number of the first signal noted, 0 when there was none.
    """

    def __init__(self) -> None:
        self.received = 0
        self._deferring = False
        self._process = os.getpid()
        self._first_time = 0.0
        self._previous: dict[int, object] = {}

    def __enter__(self) -> StopSignals:
        if threading.current_thread() is threading.main_thread():
            for number in STOP_SIGNALS:
                self._previous[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous.clear()

    @contextlib.contextmanager
    def deferred(self) -> Iterator[StopSignals]:
        """Within it a signal waits for `poll()`."""
        before, self._deferring = self._deferring, True
        try:
            yield self
        finally:
            self._deferring = before

    def poll(self) -> None:
        """Raises `Stopped` when a signal has been noted; every long loop calls it."""
        if self.received:
            raise Stopped(self.received)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        """Notes the first signal. Launchers repeat it, so a second one at once is not haste."""
        now = time.monotonic()
        if os.getpid() != self._process:
            return
        if not self._deferring or (self.received and now - self._first_time > ECHO_SECONDS):
            raise Stopped(number)
        if not self.received:
            self.received, self._first_time = number, now
            print(
                f"{signal.Signals(number).name}: saving after this step; again to leave at once",
                file=sys.stderr,
            )
