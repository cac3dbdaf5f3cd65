"""Bad songs: listed once, warned about once, too many stop the run."""

import json

import pytest

from data.quarantine import Quarantine, SongError
from utils import UserError


def test_each_song_is_listed_and_warned_about_once(tmp_path, recwarn):
    quarantine = Quarantine(tmp_path / "logs" / "bad.jsonl")
    assert quarantine.songs() == {} and not quarantine.path.exists()
    for reason in ("cut off", "cut off", "NaN at another place"):
        quarantine.add(SongError("Track00001", reason), 1_000)
    quarantine.add(UserError("file x.mid is not MIDI"), 1_000)
    assert list(quarantine.songs()) == ["Track00001", "file x.mid is not MIDI"]
    assert len(recwarn) == 2
    rows = [json.loads(line) for line in quarantine.path.read_text().splitlines()]
    assert rows[0] == {"song": "Track00001", "reason": "Track00001: cut off"}


@pytest.mark.filterwarnings("ignore")
def test_three_of_a_few_and_more_than_one_percent_stop_the_run(tmp_path):
    few = Quarantine(tmp_path / "few")
    few.add(SongError("a", "bad"), 10)
    few.add(SongError("b", "bad"), 10)
    with pytest.raises(UserError, match="3 of 10 songs"):
        few.add(SongError("c", "bad"), 10)
    with pytest.raises(UserError, match="3 of 10 songs"):
        few.add(SongError("c", "bad"), 10)
    many = Quarantine(tmp_path / "many")
    for number in range(10):
        many.add(SongError(str(number), "bad"), 1_000)
    with pytest.raises(UserError, match="11 of 1000"):
        many.add(SongError("10", "bad"), 1_000)


@pytest.mark.filterwarnings("ignore")
def test_processes_share_the_list_and_a_run_starts_anew(tmp_path):
    one = Quarantine(tmp_path / "bad")
    one.add(SongError("a", "bad"), 100)
    two = Quarantine(tmp_path / "bad")
    assert two.songs() == {} and one.songs() == {}
    one.add(SongError("a", "bad"), 100)
    two.add(SongError("b", "bad"), 100)
    assert set(one.songs()) == {"a", "b"}


def test_without_a_path_nothing_is_written_until_needed():
    assert not Quarantine().path.exists()
    assert Quarantine().path.is_absolute()
