"""The lead sheet as numbers: one row of named columns per latent frame, what the model reads.

Where the music swings, time within a beat is written as it is counted: the first eighth of a pair
takes half of the beat's phase however long it lasts. Swing is then no matter of taste that a model
would have to guess from a label, but where the second eighth lies.

The place in the bar stands there twice: as angles, and as the sixteenth that is nearest. A back
beat is every other beat, which no linear map of angles tells apart.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from data.bars import bar_lengths
from data.chords import CHORD_INDEX, chord_matrices
from utils import FRAME_RATE, NUM_STEMS

if TYPE_CHECKING:
    from data.lead_sheet import LeadSheet

BPM_RANGE = (20.0, 400.0)
SHEET_COLUMNS: dict[str, slice] = {
    "bar_phase": slice(0, 2),  # sin, cos of the position in the bar
    "beat_phase": slice(2, 4),
    "half_beat_phase": slice(4, 6),
    "quarter_beat_phase": slice(6, 8),
    "tempo": slice(8, 9),  # log2(bpm / 120)
    "beat_known": slice(9, 10),
    "chord_root": slice(10, 22),  # one-hot; all zero for "N"
    "chord_tones": slice(22, 34),
    "chord_known": slice(34, 35),
    "tonic": slice(35, 47),
    "mode": slice(47, 49),  # major, minor
    "key_known": slice(49, 50),
    "density": slice(50, 50 + NUM_STEMS),  # log1p(onsets per beat) / DENSITY_SCALE
    "density_known": slice(50 + NUM_STEMS, 50 + 2 * NUM_STEMS),
    "place_in_bar": slice(50 + 2 * NUM_STEMS, 66 + 2 * NUM_STEMS),  # nearest sixteenth, one-hot
}
DENSITY_SCALE = math.log(5.0)
NUM_SHEET_COLUMNS = 66 + 2 * NUM_STEMS
PLACED_BEATS = 4  # later beats of a bar have the places of the fourth


def sheet_features(
    sheet: LeadSheet | None,
    num_frames: int,
    start_frame: int = 0,
    *,
    swing: float | None = None,
) -> np.ndarray:
    """What the model reads: one row per latent frame, unknown parts zero with their flag zero.

    Args:
        sheet: None for a wholly unknown sheet.
        num_frames: number of rows l.
        start_frame: the latent frame of the sheet's time line at which the rows begin.
        swing: share of the first of a pair of eighths, 0.5 straight; None and nan are straight.

    Returns:
        float32 (l, k) with the columns of `SHEET_COLUMNS`, taken at the middle of each frame.
    """
    rows = np.zeros((num_frames, NUM_SHEET_COLUMNS), np.float32)
    if sheet is None:
        return rows
    if sheet.key is not None:
        tonic = SHEET_COLUMNS["tonic"].start + sheet.key_index % 12
        mode = SHEET_COLUMNS["mode"].start + sheet.key_index // 12
        rows[:, [tonic, mode, SHEET_COLUMNS["key_known"].start]] = 1.0
    if not sheet.timed or len(sheet) < 2:
        return rows
    times = (start_frame + np.arange(num_frames) + 0.5) / FRAME_RATE
    edges = np.append(sheet.beat_times, 2 * sheet.beat_times[-1] - sheet.beat_times[-2])
    beat = np.searchsorted(edges, times, side="right") - 1
    inside = (beat >= 0) & (beat < len(sheet))
    beat = np.clip(beat, 0, len(sheet) - 1)
    fraction = counted((times - edges[beat]) / (edges[beat + 1] - edges[beat]), swing)
    _write_time(rows, sheet, beat, fraction, edges)
    _write_plan(rows, sheet, beat)
    rows[~inside, : SHEET_COLUMNS["tonic"].start] = 0.0
    rows[~inside, SHEET_COLUMNS["density"].start :] = 0.0
    return rows


def counted(fraction: np.ndarray, swing: float | None) -> np.ndarray:
    """Where in a beat the players count themselves who swing: `swing` becomes one half."""
    if swing is None or np.isnan(swing):
        return fraction
    first = np.clip(swing, 0.5, 0.75)
    return np.interp(fraction, [0.0, first, 1.0], [0.0, 0.5, 1.0])


def _write_time(
    rows: np.ndarray, sheet: LeadSheet, beat: np.ndarray, fraction: np.ndarray, edges: np.ndarray
) -> None:
    lengths = bar_lengths(sheet.beat_in_bar)[beat]
    position = sheet.beat_in_bar[beat] + fraction
    phases = {
        "bar_phase": position / lengths,
        "beat_phase": fraction,
        "half_beat_phase": 2 * fraction,
        "quarter_beat_phase": 4 * fraction,
    }
    for name, phase in phases.items():
        angle = 2 * np.pi * phase
        rows[:, SHEET_COLUMNS[name]] = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    sixteenth = np.round(4 * position).astype(int) % (4 * lengths)
    place = 4 * np.minimum(sixteenth // 4, PLACED_BEATS - 1) + sixteenth % 4
    rows[np.arange(len(rows)), SHEET_COLUMNS["place_in_bar"].start + place] = 1.0
    bpm = 60.0 / np.diff(edges)[beat]
    rows[:, SHEET_COLUMNS["tempo"].start] = np.log2(np.clip(bpm, *BPM_RANGE) / 120.0)
    rows[:, SHEET_COLUMNS["beat_known"].start] = 1.0


def _write_plan(rows: np.ndarray, sheet: LeadSheet, beat: np.ndarray) -> None:
    roots, tones = chord_matrices()
    index = np.array([-1 if c is None else CHORD_INDEX[c] for c in sheet.chords])[beat]
    known = index >= 0
    rows[:, SHEET_COLUMNS["chord_root"]] = roots[index] * known[:, None]
    rows[:, SHEET_COLUMNS["chord_tones"]] = tones[index] * known[:, None]
    rows[:, SHEET_COLUMNS["chord_known"].start] = known
    density = sheet.density[beat]
    heard = ~np.isnan(density)
    scaled = np.log1p(np.where(heard, density, 0.0)) / DENSITY_SCALE
    rows[:, SHEET_COLUMNS["density"]] = scaled
    rows[:, SHEET_COLUMNS["density_known"]] = heard
