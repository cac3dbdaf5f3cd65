"""Time in MIDI files: ticks to seconds, meters to beats and bars; and back, for writing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.score import Score
from data.smf import MidiEvents

MAX_BEATS = 50_000
TICKS_PER_BEAT = 960
TEMPO_TOLERANCE_SECONDS = 1e-4
_SLOWEST, _DEFAULT = (1 << 24) - 1, 500_000


@dataclass(frozen=True)
class TempoMap:
    """Piecewise constant tempo: `ticks` where it changes, their `times`, seconds per tick after."""

    ticks: np.ndarray
    times: np.ndarray
    slopes: np.ndarray

    @staticmethod
    def of(events: MidiEvents) -> TempoMap:
        """The map of a file; 120 bpm until the first tempo, at one tick the last counts."""
        changes = {0: 500_000, **dict(events.tempos)}
        ticks = np.array(sorted(changes), np.float64)
        slopes = np.array([changes[int(t)] for t in ticks]) / 1e6 / events.ticks_per_quarter
        times = np.concatenate([[0.0], np.cumsum(np.diff(ticks) * slopes[:-1])])
        return TempoMap(ticks, times, slopes)

    def seconds(self, tick: np.ndarray | float) -> np.ndarray:
        """Times of ticks in seconds; before 0 the first tempo goes on."""
        at = np.maximum(np.searchsorted(self.ticks, tick, side="right") - 1, 0)
        return self.times[at] + (tick - self.ticks[at]) * self.slopes[at]

    def tick(self, time: float) -> int:
        """The first tick at or after a time in seconds."""
        at = max(int(np.searchsorted(self.times, time, side="right")) - 1, 0)
        return int(np.ceil(self.ticks[at] + (time - self.times[at]) / self.slopes[at] - 1e-6))


def beats_of(events: MidiEvents, last_tick: int) -> tuple[np.ndarray, np.ndarray]:
    """Ticks of all beats up to at or after `last_tick`, and their position in the bar.

    A meter starts a new bar. A first stretch shorter than its bar is an upbeat: its beats count
    back from the first downbeat, and the first of them may lie before tick 0.
    """
    quarter = events.ticks_per_quarter
    meters = {0: (4, 4), **{tick: (n, d) for tick, n, d in events.meters if tick <= last_tick}}
    starts = sorted(meters)
    ticks, positions = [], []
    for i, start in enumerate(starts):
        beat, per_bar = _beat_of(*meters[start], quarter)
        last = i == len(starts) - 1
        length = (last_tick - start) if last else starts[i + 1] - start
        count = int(np.ceil(length / beat - 1e-6)) + (1 if last else 0)
        if len(ticks) + count > MAX_BEATS:
            raise ValueError(f"more than {MAX_BEATS} beats")
        numbers = np.arange(count)
        upbeat = i == 0 and not last and length < beat * per_bar - 1e-6
        shift = length - count * beat if upbeat else 0.0
        ticks += list(start + shift + beat * numbers)
        positions += list((numbers + (per_bar - count if upbeat else 0)) % per_bar)
    return np.array(ticks, np.float64), np.array(positions, np.int64)


def _beat_of(numerator: int, denominator: int, quarter: int) -> tuple[float, int]:
    """Ticks of a beat and beats in a bar: a quarter, dotted in 6/8, an eighth in 7/8."""
    bar = 4.0 * numerator / denominator
    compound = denominator >= 8 and numerator % 3 == 0
    beat = 12.0 / denominator if compound else 1.0 if bar == int(bar) else 4.0 / denominator
    return beat * quarter, max(round(bar / beat), 1)


@dataclass(frozen=True)
class BeatGrid:
    """A score's beats as a tempo map: knots of equal tick and time, tick 0 at 0 s.

    Attributes:
        ticks: int64 (k,), times: float64 (k,) seconds that a reader will compute for them.
        tempos: (tick, microseconds per quarter); meters: (tick, beats per bar).
    """

    ticks: np.ndarray
    times: np.ndarray
    tempos: list[tuple[int, int]]
    meters: list[tuple[int, int]]

    @staticmethod
    def of(score: Score) -> BeatGrid:
        """The grid of a score; 120 bpm in 4/4 when its beats are unknown.

        A tempo is kept while it stays within `TEMPO_TOLERANCE_SECONDS` of the beats, and errors
        never add up.
        """
        beats, positions = score.beat_times, np.asarray(score.beat_in_bar)
        if len(beats) < 2:
            return BeatGrid(np.array([0]), np.zeros(1), [(0, _DEFAULT)], [(0, 4)])
        numbers = np.arange(len(beats), dtype=np.float64)
        at_zero = float(np.interp(0.0, beats, numbers))
        ahead = beats > 1e-3
        ticks = np.round((numbers[ahead] - at_zero) * TICKS_PER_BEAT).astype(np.int64)
        ticks, wanted = np.append(0, ticks), np.append(0.0, beats[ahead])
        times, tempos = _tempos(ticks, wanted)
        downbeats = np.flatnonzero(positions == 0)
        first = int(np.flatnonzero(ahead)[0]) if ahead.any() else len(beats)
        starts = [(int(ticks[1 + i - first]), i) for i in downbeats if i >= first]
        if abs(at_zero - round(at_zero)) < 1e-3 and positions[round(at_zero)] == 0:
            starts.insert(0, (0, round(at_zero)))
        return BeatGrid(ticks, times, tempos, _meters(starts, positions))

    def tick(self, time: np.ndarray) -> np.ndarray:
        """Nearest ticks, int64, of times in seconds; after the last beat its tempo goes on."""
        slope = self.tempos[-1][1] / 1e6 / TICKS_PER_BEAT
        inside = np.interp(time, self.times, self.ticks)
        beyond = self.ticks[-1] + (np.asarray(time) - self.times[-1]) / slope
        return np.round(np.where(time > self.times[-1], beyond, inside)).astype(np.int64)


def _tempos(ticks: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """As few tempo events as bring every tick near its wanted time, and the times they give."""
    times, tempos, start = [0.0], [], 0
    while start < len(ticks) - 1:
        end, tempo = _longest_run(ticks, wanted, start, times[start])
        tempos.append((int(ticks[start]), tempo))
        beats = (ticks[start + 1 : end + 1] - ticks[start]) / TICKS_PER_BEAT
        times += list(times[start] + tempo * beats / 1e6)
        start = end
    return np.array(times), tempos or [(0, _DEFAULT)]


def _longest_run(ticks: np.ndarray, wanted: np.ndarray, start: int, time: float) -> tuple[int, int]:
    """How far one tempo from `start` (which falls at `time`) can serve, and that tempo."""
    low, high, end = 1.0, float(_SLOWEST), start
    tolerance = TEMPO_TOLERANCE_SECONDS
    for at in range(start + 1, len(ticks)):
        scale = 1e6 * TICKS_PER_BEAT / (ticks[at] - ticks[start])
        lower = max(low, (wanted[at] - tolerance - time) * scale)
        upper = min(high, (wanted[at] + tolerance - time) * scale)
        if end > start and np.ceil(lower) > np.floor(upper):
            break
        low, high, end = lower, upper, at
    exact = (wanted[end] - time) * 1e6 * TICKS_PER_BEAT / (ticks[end] - ticks[start])
    return end, min(max(round(max(min(exact, high), low)), 1), _SLOWEST)


def _meters(starts: list[tuple[int, int]], positions: np.ndarray) -> list[tuple[int, int]]:
    """Meter events, where it changes, from the (tick, beat number) of every downbeat."""
    meters = []
    for k, (tick, beat) in enumerate(starts):
        end = starts[k + 1][1] if k + 1 < len(starts) else len(positions)
        count = end - beat
        if k + 1 == len(starts) and meters:
            count = max(count, meters[-1][1])
        if not meters or meters[-1][1] != count:
            meters.append((tick, int(count)))
    longest = int(positions.max()) + 1
    if not meters:
        return [(0, longest)]
    return meters if meters[0][0] == 0 else [(0, max(longest, meters[0][1])), *meters]
