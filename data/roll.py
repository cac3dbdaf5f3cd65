"""Notes as a picture the score codec can read: (s, l, p), and back.

A row of a roll is a pitch from A0 to C8 (or a drum key); each has four planes, so p = 4 x 88:
*onset* (a note begins in this frame), *place* (where inside the frame, 0-1), *velocity* (0-1, at
the onset) and *sustain* (share of the frame for which the note sounds, counted from its onset).
Place and sustain keep times finer than the 46 ms of a frame. Drums have no sustain.
Pitches outside the 88 rows are folded by octaves; drum keys outside are dropped. Two onsets of one
pitch within one frame become one note.
"""

from __future__ import annotations

import numpy as np

from data.score import Notes, Score
from utils import FRAME_RATE, STEMS

LOWEST_PITCH = 21
NUM_PITCHES = 88
PLANES = ("onset", "place", "velocity", "sustain")
ROLL_ROWS = len(PLANES) * NUM_PITCHES
DRUM_SECONDS = 0.1
HELD, TRACE = 0.3, 0.05  # of a frame: the plane is up, it is not quite down
LONGEST_GAP = 2  # frames


def _rows(notes: Notes, is_drums: bool) -> tuple[Notes, np.ndarray]:
    """Notes that fit the roll and the row of each."""
    row = notes.pitch.astype(np.int64) - LOWEST_PITCH
    if is_drums:
        fits = (row >= 0) & (row < NUM_PITCHES)
        return notes.where(fits), row[fits]
    row = np.where(row < 0, row % 12, row)
    return notes, np.where(row >= NUM_PITCHES, 72 + (row - 72) % 12, row)


def stem_roll(notes: Notes, num_frames: int, *, is_drums: bool) -> np.ndarray:
    """Roll (l, p) of one stem, float32; notes beginning at or after the last frame are left out."""
    roll = np.zeros((num_frames, len(PLANES), NUM_PITCHES), np.float32)
    notes, rows = _rows(notes.without_doubles(), is_drums)
    starts, ends = notes.onset * FRAME_RATE, np.minimum(notes.offset * FRAME_RATE, num_frames)
    frames = np.floor(starts + 1e-6).astype(np.int64)
    for start, end, frame, row, velocity in zip(
        starts, ends, frames, rows, notes.velocity, strict=True
    ):
        if frame < 0 or frame >= num_frames or roll[frame, 0, row]:
            continue
        roll[frame, :3, row] = 1.0, max(start - frame, 0.0), velocity / 127.0
        if is_drums:
            continue
        last = min(int(end), num_frames - 1)
        roll[frame:last, 3, row] = 1.0
        roll[last, 3, row] = end - last
        roll[frame, 3, row] = min(end, frame + 1.0) - start
    return roll.reshape(num_frames, ROLL_ROWS)


def to_roll(score: Score, num_frames: int) -> np.ndarray:
    """Roll (s, l, p) of a score's first `num_frames` latent frames, float32."""
    rolls = [stem_roll(score.notes[s], num_frames, is_drums=s == "drums") for s in STEMS]
    return np.stack(rolls)


def _end(sustain: np.ndarray, onset: np.ndarray, frame: int, start: float) -> float:
    """Frame position at which the note that starts at `start` ends.

    It lasts while the sustain plane is up; up to two frames where it is down, as a decoder may
    leave, do not end it, another stroke of the pitch does. The last frame tells the place within.
    """
    whole = sustain[frame] > 0.75 * (frame + 1 - start)
    end, gap = frame + 1.0 if whole else start + sustain[frame], 0
    for j in range(frame + 1, len(sustain)):
        if onset[j] or gap > LONGEST_GAP:
            break
        if sustain[j] > HELD:
            goes_on = j + 1 < len(sustain) and sustain[j + 1] > TRACE
            end, gap = j + (1.0 if goes_on else sustain[j]), 0
        else:
            if not gap and sustain[j] > TRACE and end >= j:
                end = j + sustain[j]
            gap += 1
    return end


def stem_notes(roll: np.ndarray, *, is_drums: bool, threshold: float = 0.5) -> Notes:
    """Notes of one stem from its roll (l, p); `threshold` is the onset plane's."""
    onset, place, velocity, sustain = roll.reshape(len(roll), len(PLANES), NUM_PITCHES).swapaxes(
        0, 1
    )
    struck = onset > threshold
    sustain = np.clip(sustain, 0.0, 1.0)
    frames, rows = np.nonzero(struck)
    starts = frames + np.clip(place[frames, rows], 0.0, 0.999)
    ends = [
        start + DRUM_SECONDS * FRAME_RATE
        if is_drums
        else _end(sustain[:, r], struck[:, r], f, start)
        for f, r, start in zip(frames, rows, starts, strict=True)
    ]
    ends = np.maximum(np.asarray(ends, np.float64), starts + 0.2)
    velocities = np.clip(np.rint(velocity[frames, rows] * 127.0), 1, 127)
    return Notes.of(starts / FRAME_RATE, ends / FRAME_RATE, rows + LOWEST_PITCH, velocities)


def from_roll(roll: np.ndarray, *, threshold: float = 0.5) -> dict[str, Notes]:
    """Notes of every stem from a roll (s, l, p)."""
    return {
        stem: stem_notes(np.asarray(roll[i]), is_drums=stem == "drums", threshold=threshold)
        for i, stem in enumerate(STEMS)
    }
