"""Floor 0, ideal masks above, the table, the command on composed songs."""

import numpy as np
import pytest

from models.preprocessing.separation import save_separator
from models.preprocessing.separation.check import by_masks, compare, ideal, main, mixture_itself
from tests.models.preprocessing.separation.sounds import band, opinionated
from utils import UserError


def test_the_floor_is_zero_and_the_truth_infinitely_far_above():
    ways = {
        "floor": mixture_itself,
        "quarter": lambda stems: mixture_itself(stems) / 4,
        "ideal": ideal(1.0),
        "truth": lambda stems: stems,
        "network": by_masks(opinionated()),
    }
    found = compare(iter([band(4.0), band(6.0, seed=1)]), ways)
    assert found["floor"].num_chunks == 3
    assert all(value == 0.0 for value in found["floor"].published_db.values())
    assert found["quarter"].active_db["all"] == pytest.approx(0.0, abs=1e-4)
    assert found["ideal"].active_db["all"] > 12.0
    assert found["truth"].active_db["bass"] > 80.0
    assert np.isfinite(found["network"].active_db["all"])


def test_the_command_prints_a_table(tmp_path, capsys):
    save_separator(opinionated(), tmp_path / "w.safetensors")
    flags = ["--source", "arranger", "--num_songs", "2", "--num_frames", "96"]
    main([*flags, "--checkpoint", str(tmp_path / "w.safetensors")])
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].startswith("| mixture (floor) | 0.00 | 0.00")
    assert [line.split("|")[1].strip() for line in lines[3:6]] == [
        "separator",
        "ideal ratio mask",
        "ideal Wiener mask",
    ]
    assert "times real time" in lines[-1]


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(UserError, match="needs --openunmix"):
        main(["--train_openunmix", "1"])
    with pytest.raises(UserError, match="does not exist: pass --data_dir"):
        main(["--data_dir", str(tmp_path / "none")])
    with pytest.raises(UserError, match="no separator"):
        main(["--source", "arranger", "--checkpoint", str(tmp_path / "none.pt")])
