"""The shell script for the published archives, run in a temporary folder with spaces."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from data.sources import guess_source
from data.sources.slakh import find_tracks
from tests.data.songs import tone
from utils import STEMS

SCRIPT = Path(__file__).parents[2] / "data" / "convert_data_format.sh"


def run(*arguments, cwd=None, path=None):
    environment = {
        **os.environ,
        "PATH": f"{path}:{os.environ['PATH']}" if path else os.environ["PATH"],
    }
    command = ["bash", str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)


def archive(root: Path, *, nested=False, without=()) -> Path:
    """The four archives as unpacked: two training tracks and a test track."""
    from data.audio import save_audio

    for number, stem in enumerate(STEMS):
        for place in ("train/Track00001", "train/Track00002", "test/Track01900"):
            if (stem, place) not in without:
                name = f"{place}/mix.wav" if nested else f"{place}.wav"
                save_audio(root / f"{stem}_22050" / name, tone(0.1, hertz=100 * (number + 1)))
    return root


def files(root: Path) -> set[str]:
    return {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()}


@pytest.mark.parametrize("nested", [False, True])
def test_links_every_stem(tmp_path, nested):
    root = archive(tmp_path / "a folder with spaces", nested=nested)
    done = run("--source", root, cwd="/")
    assert done.returncode == 0, done.stderr
    target = root / "slakh2100"
    tracks = ("train/Track00001", "train/Track00002", "test/Track01900")
    assert files(target) == {f"{track}/{stem}.wav" for track in tracks for stem in STEMS}
    name = "train/Track00001/mix.wav" if nested else "train/Track00001.wav"
    for stem in STEMS:
        assert (root / f"{stem}_22050" / name).samefile(target / f"train/Track00001/{stem}.wav")
    assert "train: 2 tracks, 2 with all 4 stems" in done.stdout
    assert "12 placed (0 as copies), 0 already there" in done.stdout
    assert guess_source(target) == "slakh" and len(find_tracks(target, "train")) == 2


def test_default_source_is_the_folder_of_the_script(tmp_path):
    root = archive(tmp_path / "data")
    shutil.copy(SCRIPT, root)
    done = subprocess.run(["bash", root / SCRIPT.name], cwd="/", capture_output=True, text=True)
    assert done.returncode == 0 and (root / "slakh2100/train/Track00001/bass.wav").exists()


def test_again_changes_nothing_and_adds_what_is_new(tmp_path):
    root = archive(tmp_path, without=[("piano", "train/Track00002")])
    first = run("--source", root)
    assert "1 tracks lack stems" in first.stdout and "train/Track00002 has no piano" in first.stdout
    kept = tmp_path / "slakh2100/train/Track00001/bass.wav"
    before = kept.stat().st_ino, kept.stat().st_mtime_ns
    again = run("--source", root)
    assert again.returncode == 0 and "0 placed (0 as copies), 11 already there" in again.stdout
    archive(root)
    more = run("--source", root)
    assert more.returncode == 0 and "lack" not in more.stdout
    assert (tmp_path / "slakh2100/train/Track00002/piano.wav").exists()
    assert kept.exists() and before[0] > 0


def test_a_changed_archive_replaces_the_file(tmp_path):
    root = archive(tmp_path)
    run("--source", root)
    changed = root / "bass_22050/train/Track00001.wav"
    changed.unlink()
    changed.write_bytes(b"new")
    assert "1 placed" in run("--source", root).stdout
    assert (tmp_path / "slakh2100/train/Track00001/bass.wav").read_bytes() == b"new"


def test_dry_run_changes_nothing(tmp_path):
    root = archive(tmp_path / "in")
    done = run("--source", root, "--target", tmp_path / "out", "--dry-run")
    assert done.returncode == 0 and not (tmp_path / "out").exists()
    assert done.stdout.count("would place") == 12 and "12 to place" in done.stdout


def test_copies_where_links_are_impossible(tmp_path):
    root = archive(tmp_path / "in")
    broken = tmp_path / "bin"
    broken.mkdir()
    (broken / "ln").write_text("#!/bin/sh\nexit 1\n")
    (broken / "ln").chmod(0o755)
    done = run("--source", root, "--target", tmp_path / "out", path=broken)
    assert done.returncode == 0 and "12 placed (12 as copies)" in done.stdout
    copy = tmp_path / "out/train/Track00001/bass.wav"
    source = root / "bass_22050/train/Track00001.wav"
    assert copy.read_bytes() == source.read_bytes() and not copy.samefile(source)
    assert "12 already there" in run("--source", root, "--target", tmp_path / "out").stdout
    asked = run("--source", root, "--target", tmp_path / "out2", "--copy")
    assert "(12 as copies)" in asked.stdout


def test_nothing_to_link_is_an_error(tmp_path):
    done = run("--source", tmp_path)
    assert done.returncode == 1 and "no stem found" in done.stderr and not files(tmp_path)
    (tmp_path / "bass_22050" / "train").mkdir(parents=True)
    assert run("--source", tmp_path).returncode == 1


def test_usage(tmp_path):
    assert run("--help").returncode == 0 and "--dry-run" in run("--help").stdout
    for wrong in (["--sorce", tmp_path], ["--source"], ["--source", tmp_path / "nowhere"]):
        done = run(*wrong)
        assert done.returncode == 2 and done.stderr.startswith("error: ")
        assert done.stderr.count("\n") == 1


def test_a_failed_file_is_reported(tmp_path):
    root = archive(tmp_path / "in")
    (tmp_path / "out" / "train").mkdir(parents=True)
    (tmp_path / "out" / "train" / "Track00001").write_text("in the way")
    done = run("--source", root, "--target", tmp_path / "out")
    assert done.returncode == 1 and "4 failed" in done.stdout and "could not place" in done.stderr
