import json

import numpy as np
import pytest
import torch

from models.objectives import Media
from training import logging
from training.logging import Mean, Progress, Rate, TrainingLog, clock
from utils import SAMPLE_RATE, UserError


def events(folder, purge: bool = True):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder), purge_orphaned_data=purge)
    found.Reload()
    return found


def test_scalars_audio_and_pictures_are_written(tmp_path):
    log = TrainingLog(tmp_path)
    log.scalars("codec/train", {"loss": 0.5, "learning_rate": 1e-3}, 7)
    media = Media(
        {"bass/copy": torch.full((100,), 2.0)}, {"bass/mel": np.zeros((4, 6, 3), np.uint8)}
    )
    log.media("codec/validation", media, 7)
    log.close()
    found = events(tmp_path)
    assert [(e.step, e.value) for e in found.Scalars("codec/train/loss")] == [(7, 0.5)]
    audio = found.Audio("codec/validation/bass/copy")[0]
    assert audio.sample_rate == SAMPLE_RATE and audio.length_frames == 100
    picture = found.Images("codec/validation/bass/mel")[0]
    assert (picture.height, picture.width) == (4, 6)


def test_a_resumed_log_hides_the_lost_future(tmp_path):
    log = TrainingLog(tmp_path)
    for step in range(1, 6):
        log.scalars("a", {"loss": 1.0}, step)
    log.close()
    log = TrainingLog(tmp_path, purge_step=4)
    log.scalars("a", {"loss": 2.0}, 4)
    log.close()
    assert [(e.step, e.value) for e in events(tmp_path).Scalars("a/loss")] == [
        (1, 1.0), (2, 1.0), (3, 1.0), (4, 2.0),
    ]  # fmt: skip


def test_other_processes_write_nothing(tmp_path):
    log = TrainingLog(tmp_path / "logs", enabled=False)
    log.scalars("a", {"loss": 1.0}, 1)
    log.media("a", Media({"x": torch.zeros(4)}), 1)
    log.nonfinite({"step": 1})
    log.flush()
    log.close()
    assert not (tmp_path / "logs").exists()


def test_nonfinite_appends_json_lines(tmp_path):
    log = TrainingLog(tmp_path)
    log.nonfinite({"step": 1})
    log.nonfinite({"step": 2})
    log.close()
    lines = (tmp_path / "nonfinite.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 2]


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="--log_dir"):
        TrainingLog(tmp_path / "file" / "logs")


def test_lines_say_loss_speed_and_time_left(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(logging.time, "monotonic", lambda: now[0])
    progress = Progress("codec", total=100, bar=False)
    now[0] = 2.0
    progress.step(10, 40, 0.5)
    progress.line(10, {"loss": 0.5})
    progress.say("hello")
    progress.close()
    out = capsys.readouterr().out
    assert out == "codec  step 10/100  loss 0.5  left 0:00:18\nhello\n"
    assert progress.samples_per_second == 20.0


def test_bar_shows_loss_and_speed_and_no_lines(capsys):
    progress = Progress("codec", total=10, bar=True)
    progress.step(10, 40, 0.25)
    progress.line(10, {"loss": 0.25})
    progress.say("hello")
    progress.close()
    captured = capsys.readouterr()
    assert captured.out == "" and "hello" in captured.err
    assert "codec: 100%" in captured.err and "loss 0.25" in captured.err


def test_other_processes_show_nothing(capsys):
    progress = Progress("codec", total=10, enabled=False)
    progress.step(1, 4, 0.25)
    progress.line(1, {"loss": 0.25})
    progress.say("hello")
    assert capsys.readouterr() == ("", "")


def test_rate_forgets_pauses_and_knows_the_time_left(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(logging.time, "monotonic", lambda: now[0])
    rate = Rate(50)
    assert rate.seconds_left(50, 100) == float("inf") and rate.samples_per_second == 0.0
    now[0] = 1.0
    rate.count(51, 8)
    now[0] = 500.0
    rate.pause()
    now[0] = 501.0
    rate.count(52, 8)
    assert rate.samples_per_second == pytest.approx(8.0)
    assert rate.seconds_left(52, 100) == pytest.approx(48.0)


def test_clock():
    assert [clock(s) for s in (0, 59.6, 3661, float("inf"))] == [
        "0:00:00",
        "0:01:00",
        "1:01:01",
        "?",
    ]


def test_means_are_weighted_and_begin_anew():
    mean = Mean()
    mean.add({"loss": torch.tensor(1.0)}, weight=3)
    mean.add({"loss": torch.tensor(5.0), "other": 2.0}, weight=1)
    assert mean.take() == {"loss": 2.0, "other": 2.0}
    assert mean.take() == {}
