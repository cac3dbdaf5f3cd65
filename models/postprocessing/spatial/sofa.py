"""Measured heads: SOFA files (AES69) as head-related filters.

Each measured response is parted into a delay and a minimum-phase filter. Filters are interpolated
between the three measured directions around a source, and so is what its delays differ from those
of a sphere. The delay is where the response fits its own
minimum-phase version best (Nam, Kolar and Abel, "On the minimum-phase nature of head-related
transfer functions", AES 125th convention, 2008).

SOFA files are HDF5; `h5py` reads them and is only needed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import fft

from models.postprocessing.spatial.directions import Sphere, split, unit
from models.postprocessing.spatial.head import SPEED_OF_SOUND, Head
from models.postprocessing.spatial.hrtf import (
    FAR,
    Hrtf,
    equaliser,
    fft_size,
    impulse,
    minimum_phase,
)
from utils import UserError

FINE = 16
SAME_DIRECTION = 1e-3
MOST_VALUES = 2**28


@dataclass(frozen=True)
class Measured:
    """Responses of two ears.

    Attributes:
        directions: (n, 3). responses: (n, 2, t), left ear first. sample_rate: Hz.
        delays: samples (n, 2) to add in front of the responses.
    """

    directions: np.ndarray
    responses: np.ndarray
    sample_rate: float
    delays: np.ndarray


def sofa_hrtf(path: str | Path, sample_rate: int) -> Hrtf:
    """The filters of a SOFA file at a rate.

    Raises:
        UserError: h5py is missing, or the file holds no responses of two ears all around.
    """
    measured = read_sofa(path)
    try:
        sphere = Sphere(measured.directions)
    except ValueError:
        raise UserError(
            f"'{path}' measures {len(measured.directions)} directions that do not surround the "
            "listener: use a set with directions above and below"
        ) from None
    size = fft_size(sample_rate)
    spectra = _resampled(measured, sample_rate, size)
    smooth = minimum_phase(np.abs(spectra))
    seconds = measured.delays / measured.sample_rate + _lags(spectra, smooth) / sample_rate
    power = np.einsum("n,nef->f", sphere.areas, np.abs(spectra) ** 2) / 2.0
    table = impulse(smooth * equaliser(power), sample_rate)
    head = Head()
    modelled = (head.paths(sphere.points, np.full(len(sphere.points), FAR)) - FAR) / SPEED_OF_SOUND
    extra = seconds - modelled
    extra -= (sphere.areas @ extra).mean()
    return Hrtf(sample_rate, head, sphere, table, extra)


def _resampled(measured: Measured, sample_rate: int, size: int) -> np.ndarray:
    """Spectra (n, 2, size // 2 + 1) at another rate."""
    import soxr

    num, ears, length = measured.responses.shape
    flat = measured.responses.reshape(num * ears, length).T
    if measured.sample_rate != sample_rate:
        flat = soxr.resample(flat, measured.sample_rate, sample_rate)
        flat = flat * (measured.sample_rate / sample_rate)
    return fft.rfft(flat.T[:, :size], size).reshape(num, ears, -1)


def _lags(spectra: np.ndarray, smooth: np.ndarray) -> np.ndarray:
    """Samples (n, 2) by which responses follow their minimum-phase versions."""
    size = 2 * (spectra.shape[-1] - 1)
    fine = np.empty(spectra.shape[:2])
    for row in range(len(spectra)):
        both = fft.irfft(spectra[row] * smooth[row].conj(), size * FINE)
        fine[row] = both.argmax(axis=-1) / FINE
    return np.where(fine > size / 2, fine - size, fine)


def read_sofa(path: str | Path) -> Measured:
    """What a SOFA file of head-related impulse responses holds.

    Raises:
        UserError: h5py is missing, no such file, not SOFA, or not two ears.
    """
    if not Path(path).is_file():
        raise UserError(f"SOFA file '{path}' does not exist")
    try:
        import h5py
    except ImportError:
        raise UserError("reading SOFA files needs h5py: pip install h5py") from None
    try:
        with h5py.File(path, "r") as file:
            return _measured(file, path)
    except OSError as error:
        raise UserError(f"cannot read '{path}' ({error}): it is not a SOFA file") from None


def _measured(file: Any, path: str | Path) -> Measured:
    """The responses of an open file: a mapping of names to arrays that have `attrs`."""
    missing = [n for n in ("Data.IR", "Data.SamplingRate", "SourcePosition") if n not in file]
    if missing:
        raise UserError(
            f"'{path}' has no {missing[0]}: expected SOFA with impulse responses "
            "(SimpleFreeFieldHRIR)"
        )
    shape = file["Data.IR"].shape
    if len(shape) != 3 or shape[1] != 2 or not 0 < np.prod(shape) <= MOST_VALUES:
        raise UserError(f"'{path}' holds responses {shape}: expected (directions, 2 ears, samples)")
    responses = np.asarray(file["Data.IR"], np.float64)
    positions = _positions(file["SourcePosition"])
    sample_rate = float(np.ravel(file["Data.SamplingRate"])[0])
    if not np.isfinite(responses).all() or not np.abs(responses).max(axis=2).all():
        raise UserError(f"'{path}' holds responses that are silent or not finite")
    if len(positions) != len(responses) or not 4_000 <= sample_rate <= 384_000:
        raise UserError(
            f"'{path}' contradicts itself: {len(positions)} directions at {sample_rate} Hz"
        )
    delays = np.zeros((len(responses), 2))
    if "Data.Delay" in file:
        delays = delays + np.asarray(file["Data.Delay"], np.float64).reshape(-1, 2)
    if _right_first(file):
        responses, delays = responses[:, ::-1], delays[:, ::-1]
    kept = _distinct(positions)
    return Measured(split(positions[kept])[0], responses[kept], sample_rate, delays[kept])


def _positions(entry: Any) -> np.ndarray:
    """Metres (n, 3) from azimuth, elevation and distance, or as they are."""
    values = np.asarray(entry, np.float64)
    kind = entry.attrs.get("Type", b"spherical")
    kind = kind.decode() if isinstance(kind, bytes) else str(kind)
    if kind.strip().lower() == "cartesian":
        return values
    return values[:, 2:] * unit(values[:, 0], values[:, 1])


def _right_first(file: Any) -> bool:
    """Whether the first receiver is the right ear."""
    if "ReceiverPosition" not in file:
        return False
    places = np.asarray(file["ReceiverPosition"], np.float64).reshape(2, 3, -1)[..., 0]
    kind = file["ReceiverPosition"].attrs.get("Type", b"cartesian")
    kind = kind.decode() if isinstance(kind, bytes) else str(kind)
    left = places[:, 1] if kind.strip().lower() == "cartesian" else unit(places[:, 0])[:, 1]
    return bool(left[0] < left[1])


def _distinct(positions: np.ndarray) -> np.ndarray:
    """Indices of one measurement per direction: of several distances, the farthest."""
    from scipy.spatial import cKDTree

    directions, distances = split(positions)
    order = np.argsort(-distances, kind="stable")
    close = cKDTree(directions[order]).query_pairs(SAME_DIRECTION, output_type="ndarray")
    dropped = np.unique(close.max(axis=1)) if len(close) else np.zeros(0, np.int64)
    return np.sort(np.delete(order, dropped))
