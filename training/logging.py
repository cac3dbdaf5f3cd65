"""What a person sees of training: TensorBoard, a progress bar or plain lines, bad steps in a file.

Only the main process writes; the others hold the same objects, switched off.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from utils import SAMPLE_RATE, UserError

if TYPE_CHECKING:
    from models.objectives import Media


class TrainingLog:
    """TensorBoard events and `nonfinite.jsonl` in one folder.

    Args:
        folder: for event files; made if missing.
        enabled: False writes nothing (other ranks).
        purge_step: on resume, events from this step on were of a lost future and are hidden.
    """

    def __init__(
        self, folder: str | Path, *, enabled: bool = True, purge_step: int | None = None
    ) -> None:
        self.folder = Path(folder)
        self._writer = _summary_writer(self.folder, purge_step) if enabled else None

    def scalars(self, prefix: str, values: dict[str, float], step: int) -> None:
        """Numbers as `prefix/name`."""
        if self._writer is not None:
            for name, value in values.items():
                self._writer.add_scalar(f"{prefix}/{name}", value, step)

    def media(self, prefix: str, media: Media, step: int) -> None:
        """Mono audio and (h, w, 3) pictures as `prefix/name`."""
        if self._writer is None:
            return
        for name, audio in media.audio.items():
            audio = audio.detach().float().cpu().clamp(-1.0, 1.0)
            self._writer.add_audio(f"{prefix}/{name}", audio, step, sample_rate=SAMPLE_RATE)
        for name, image in media.images.items():
            self._writer.add_image(f"{prefix}/{name}", image, step, dataformats="HWC")

    def nonfinite(self, record: dict[str, Any]) -> None:
        """Appends a skipped step to `nonfinite.jsonl`."""
        if self._writer is not None:
            with open(self.folder / "nonfinite.jsonl", "a") as file:
                file.write(json.dumps(record) + "\n")

    def flush(self) -> None:
        """Events reach the disk."""
        if self._writer is not None:
            self._writer.flush()

    def close(self) -> None:
        """Ends the event file."""
        if self._writer is not None:
            self._writer.close()


def _summary_writer(folder: Path, purge_step: int | None):
    """A TensorBoard writer; importing it takes a while, so it happens here."""
    from torch.utils.tensorboard import SummaryWriter

    try:
        folder.mkdir(parents=True, exist_ok=True)
        return SummaryWriter(str(folder), purge_step=purge_step)
    except OSError as error:
        raise UserError(
            f"cannot write logs to '{folder}' ({error.strerror}): choose another --log_dir"
        ) from None


class Progress:
    """A progress bar on a terminal, a plain line now and then elsewhere.

    Args:
        stage: name of the stage. total: its optimiser steps; start: those done before.
        enabled: False shows nothing (other ranks).
        bar: True for a bar, False for lines; default: whether stderr is a terminal.
    """

    def __init__(
        self,
        stage: str,
        *,
        total: int,
        start: int = 0,
        enabled: bool = True,
        bar: bool | None = None,
    ) -> None:
        self.stage, self.total, self.enabled = stage, total, enabled
        self._rate = Rate(start)
        bar = sys.stderr.isatty() if bar is None else bar
        self._bar = None
        if enabled and bar:
            self._bar = tqdm(total=total, initial=start, desc=stage, unit="step", mininterval=0.5)

    def step(self, step: int, num_samples: int, loss: float) -> None:
        """After each optimiser step: `step` are done, `num_samples` more were learned from."""
        self._rate.count(step, num_samples)
        if self._bar is not None:
            postfix = f"loss {loss:.4g}, {self._rate.samples_per_second:.1f} samples/s"
            self._bar.set_postfix_str(postfix, refresh=False)
            self._bar.update(step - self._bar.n)

    def line(self, step: int, values: dict[str, float]) -> None:
        """Every `--log_every` steps: a line when there is no bar."""
        if self.enabled and self._bar is None:
            shown = "  ".join(f"{name} {value:.4g}" for name, value in values.items())
            left = clock(self._rate.seconds_left(step, self.total))
            print(f"{self.stage}  step {step}/{self.total}  {shown}  left {left}", flush=True)

    def say(self, message: str) -> None:
        """A message that does not tear the bar."""
        if self._bar is not None:
            self._bar.write(message, file=sys.stderr)
        elif self.enabled:
            print(message, flush=True)

    @property
    def samples_per_second(self) -> float:
        """Learning speed over all processes, lately."""
        return self._rate.samples_per_second

    def pause(self) -> None:
        """The time until the next step (a validation, a save) does not count as learning time."""
        self._rate.pause()

    def close(self) -> None:
        """Ends the bar."""
        if self._bar is not None:
            self._bar.close()


class Rate:
    """Speed of training as an exponential average with a memory of about 30 seconds."""

    def __init__(self, start_step: int, memory_seconds: float = 30.0) -> None:
        self.memory_seconds = memory_seconds
        self._last_step, self._last_time = start_step, time.monotonic()
        self._seconds = self._samples = self._steps = 0.0

    def count(self, step: int, num_samples: int) -> None:
        """`step` optimiser steps are done; `num_samples` segments since the last call."""
        now = time.monotonic()
        elapsed = max(now - self._last_time, 1e-9)
        kept = 0.5 ** (elapsed / self.memory_seconds)
        self._seconds = kept * self._seconds + elapsed
        self._samples = kept * self._samples + num_samples
        self._steps = kept * self._steps + step - self._last_step
        self._last_step, self._last_time = step, now

    def pause(self) -> None:
        """Forgets the time since the last step."""
        self._last_time = time.monotonic()

    @property
    def samples_per_second(self) -> float:
        return self._samples / self._seconds if self._seconds else 0.0

    def seconds_left(self, step: int, total: int) -> float:
        """Time for the remaining steps at the present speed; infinite before the first step."""
        return (total - step) * self._seconds / self._steps if self._steps else float("inf")


def clock(seconds: float) -> str:
    """Seconds as h:mm:ss, "?" when not finite."""
    if seconds != seconds or seconds == float("inf"):
        return "?"
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"


class Mean:
    """Running means of named numbers; tensors stay on their device until asked for."""

    def __init__(self) -> None:
        self._sums: dict[str, Any] = {}
        self._weights: dict[str, float] = {}

    def add(self, values: dict[str, Any], weight: float = 1.0) -> None:
        """Takes in numbers or scalar tensors by name."""
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, 0.0) + weight * value
            self._weights[name] = self._weights.get(name, 0.0) + weight

    def take(self) -> dict[str, float]:
        """The means since the last call, which begins anew."""
        means = {name: float(total) / self._weights[name] for name, total in self._sums.items()}
        self._sums.clear()
        self._weights.clear()
        return means
