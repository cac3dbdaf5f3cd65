"""Keys pressed to notes heard: the sustain pedal, notes struck again, doubled parts."""

from __future__ import annotations

import numpy as np

from data.score import Notes

MAX_PEDAL_SECONDS = 4.0
SHORTEST_SECONDS = 1e-3


def with_pedal(notes: Notes, times: np.ndarray, down: np.ndarray) -> Notes:
    """Notes whose key is released while the sustain pedal is down end with the pedal.

    Args:
        times: seconds (n,), sorted, of the pedal's messages; down: bool (n,), pressed or released.
    """
    if not len(times):
        return notes
    ups = np.append(times[~down], np.inf)
    at = np.searchsorted(times, notes.offset, side="right") - 1
    held = (at >= 0) & down[np.maximum(at, 0)]
    release = ups[np.searchsorted(ups, notes.offset, side="right").clip(max=len(ups) - 1)]
    latest = np.minimum(release, notes.offset + MAX_PEDAL_SECONDS)
    offset = np.where(held, latest, notes.offset)
    return Notes(notes.onset, offset, notes.pitch, notes.velocity)


def without_overlaps(notes: Notes, together_seconds: float = 1e-4) -> Notes:
    """Each pitch is one string: a note ends where the next of its pitch begins.

    Of notes of one pitch that begin within `together_seconds` one stays, with the highest velocity
    and the latest end.
    """
    if not len(notes):
        return notes
    order = np.lexsort((notes.onset, notes.pitch))
    onset, pitch = notes.onset[order], notes.pitch[order]
    new = np.append(True, (np.diff(onset) > together_seconds) | (np.diff(pitch) != 0))
    first = np.flatnonzero(new)
    offset = np.maximum.reduceat(notes.offset[order], first)
    velocity = np.maximum.reduceat(notes.velocity[order], first)
    onset, pitch = onset[first], pitch[first]
    same = np.append(pitch[1:] == pitch[:-1], False)
    offset = np.where(same, np.minimum(offset, np.append(onset[1:], 0.0)), offset)
    return Notes.of(
        onset, np.maximum(offset, onset + SHORTEST_SECONDS), pitch, np.maximum(velocity, 1)
    )


def merged(parts: list[Notes]) -> Notes:
    """One stem from several tracks; doublings within 10 ms become one note."""
    if len(parts) < 2:
        return parts[0] if parts else Notes.empty()
    columns = [[getattr(p, name) for p in parts] for name in Notes.__dataclass_fields__]
    return without_overlaps(Notes.of(*map(np.concatenate, columns)), together_seconds=0.010)
