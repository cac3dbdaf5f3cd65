"""Measured heads: a synthetic set comes back as what it was made of.

Files are read through a stand-in for h5py that keeps the same names, so that the tests need no
optional package; where h5py is there, a real file is written and read as well.
"""

import sys
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest

from models.postprocessing.spatial import render_scene
from models.postprocessing.spatial.directions import unit
from models.postprocessing.spatial.head import SPEED_OF_SOUND, Head, turned
from models.postprocessing.spatial.sofa import read_sofa, sofa_hrtf
from utils import UserError

RATE, TAPS = 44_100, 256
ANGLES = np.array(
    [(a, e) for e in range(-60, 90, 20) for a in range(0, 360, 15)] + [(0, 90)], float
)


class Entry(np.ndarray):
    """An array with attributes, as h5py's data sets are."""

    def __new__(cls, values: object, **attrs: object) -> "Entry":
        entry = np.asarray(values, np.float64).view(cls)
        entry.attrs = attrs
        return entry

    def __array_finalize__(self, other: object) -> None:
        self.attrs = getattr(other, "attrs", {})


def entries(head: Head, *, delay: float = 40.0) -> dict[str, Entry]:
    """A head's responses as a SOFA file holds them, at 1.4 m."""
    directions = unit(ANGLES[:, 0], ANGLES[:, 1])
    hertz = np.arange(TAPS // 2 + 1) * RATE / TAPS
    seconds = (head.paths(directions, np.full(len(ANGLES), 100.0)) - 100.0) / SPEED_OF_SOUND
    spectra = head.response(directions, hertz) * turned(seconds + delay / RATE, hertz)
    fade = np.clip((1.0 - np.linspace(0, 1, len(hertz))) / 0.1, 0, 1)
    positions = np.column_stack([ANGLES, np.full(len(ANGLES), 1.4)])
    return {
        "Data.IR": Entry(np.fft.irfft(spectra * fade, TAPS)),
        "Data.SamplingRate": Entry([RATE]),
        "SourcePosition": Entry(positions, Type=b"spherical"),
        "ReceiverPosition": Entry([[0, 0.09, 0], [0, -0.09, 0]], Type=b"cartesian"),
        "Data.Delay": Entry(np.zeros((1, 2))),
    }


@pytest.fixture
def written(monkeypatch, tmp_path):
    """Puts entries where `read_sofa` finds them."""

    def write(found: dict[str, Entry]) -> str:
        @contextmanager
        def opened(path, mode):
            yield found

        monkeypatch.setitem(sys.modules, "h5py", SimpleNamespace(File=opened))
        (tmp_path / "set.sofa").write_bytes(b"")
        return str(tmp_path / "set.sofa")

    return write


def itd_us(hrtf, directions: np.ndarray) -> np.ndarray:
    paths = hrtf.paths(directions, np.full(len(directions), 100.0))
    return 1e6 * (paths[:, 0] - paths[:, 1]) / SPEED_OF_SOUND


@pytest.mark.parametrize("rate", [22_050, 44_100])
def test_delays_and_levels_of_a_set_come_back_between_its_directions(written, rate):
    head = Head(radius=0.095, pinna=0.0, torso=0.0)
    hrtf = sofa_hrtf(written(entries(head)), rate)
    between = unit(np.arange(7.5, 360, 15), 10.0)
    far = np.full(len(between), 100.0)
    expected = 1e6 * head.paths(between, far) @ [1.0, -1.0] / SPEED_OF_SOUND
    assert np.abs(itd_us(hrtf, between) - expected).max() < 20.0
    hertz = np.array([500.0, 1_000.0, 2_000.0, 4_000.0])
    size = 16 * rate // 50
    bins = (hertz * size / rate).round().astype(int)
    heard = np.abs(np.fft.rfft(hrtf.filters(between), size))[..., bins]
    closed = np.abs(head.response(between, bins * rate / size))
    ild, theirs = (20 * np.log10(x[:, 0] / x[:, 1]) for x in (heard, closed))
    assert np.abs(ild - theirs).max() < 0.5


def test_conventions_are_read_either_way(written):
    head = Head(pinna=0.0, torso=0.0)
    plain = read_sofa(written(entries(head)))
    other = entries(head)
    cartesian = 1.4 * unit(ANGLES[:, 0], ANGLES[:, 1])
    other["SourcePosition"] = Entry(cartesian, Type="cartesian")
    other["Data.IR"] = Entry(other["Data.IR"][:, ::-1])
    other["ReceiverPosition"] = Entry([[270, 0, 0.09], [90, 0, 0.09]], Type="spherical")
    swapped = read_sofa(written(other))
    np.testing.assert_allclose(swapped.directions, plain.directions, atol=1e-12)
    np.testing.assert_array_equal(swapped.responses, plain.responses)


def test_delays_in_the_file_count(written):
    head = Head(pinna=0.0, torso=0.0)
    moved = entries(head)
    moved["Data.Delay"] = Entry([[10.0, 0.0]])
    plain = itd_us(sofa_hrtf(written(entries(head)), RATE), unit([0.0]))
    later = itd_us(sofa_hrtf(written(moved), RATE), unit([0.0]))
    assert later - plain == pytest.approx(1e6 * 10 / RATE, abs=0.5)


def test_of_several_distances_the_farthest_is_taken(written):
    double = entries(Head())
    near = np.array(double["SourcePosition"]) * [1, 1, 0.5]
    double["SourcePosition"] = Entry(
        np.concatenate([near, double["SourcePosition"]]), Type="spherical"
    )
    double["Data.IR"] = Entry(np.concatenate([0.1 * double["Data.IR"], double["Data.IR"]]))
    found = read_sofa(written(double))
    assert len(found.directions) == len(ANGLES)
    np.testing.assert_array_equal(found.responses, entries(Head())["Data.IR"])


def test_a_set_renders_still_and_moving(written):
    hrtf = sofa_hrtf(written(entries(Head())), 22_050)
    click = np.zeros((4, 22_050))
    click[:, 5_000] = 0.2
    for scene in ("studio", "orbit"):
        audio = render_scene(click, 22_050, scene, hrtf=hrtf).audio
        assert np.isfinite(audio).all() and np.abs(audio[:, 5_000:5_600]).max() > 0.02


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Data.IR": None}, "no Data.IR"),
        ({"Data.IR": Entry(np.ones((5, 3, 8)))}, "2 ears"),
        ({"Data.IR": Entry(np.ones((5, 2, 8)))}, "contradicts"),
        ({"Data.IR": Entry(np.zeros((len(ANGLES), 2, 8)))}, "silent"),
        ({"Data.SamplingRate": Entry([1.0])}, "contradicts"),
    ],
)
def test_files_that_hold_something_else(written, change, message):
    found = {k: v for k, v in (entries(Head()) | change).items() if v is not None}
    with pytest.raises(UserError, match=message):
        read_sofa(written(found))


def test_a_ring_does_not_surround(written):
    ring = entries(Head())
    level = ANGLES[:, 1] == 0
    ring["SourcePosition"] = Entry(ring["SourcePosition"][level], Type="spherical")
    ring["Data.IR"] = Entry(ring["Data.IR"][level])
    with pytest.raises(UserError, match="do not surround"):
        sofa_hrtf(written(ring), RATE)


def test_without_h5py_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "h5py", None)
    (tmp_path / "a.sofa").write_bytes(b"x")
    with pytest.raises(UserError, match="pip install h5py"):
        read_sofa(tmp_path / "a.sofa")
    with pytest.raises(UserError, match="does not exist"):
        read_sofa(tmp_path / "b.sofa")


def test_a_real_file(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "real.sofa", "w") as file:
        for name, entry in entries(Head()).items():
            data = file.create_dataset(name, data=np.asarray(entry))
            data.attrs.update(entry.attrs)
    found = read_sofa(tmp_path / "real.sofa")
    np.testing.assert_array_equal(found.responses, entries(Head())["Data.IR"])
    (tmp_path / "bad.sofa").write_bytes(b"not HDF5")
    with pytest.raises(UserError, match="not a SOFA file"):
        read_sofa(tmp_path / "bad.sofa")
