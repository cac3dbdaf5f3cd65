"""Who plays, in words."""

import re

import numpy as np

from data.captioning.facts import Known
from data.captioning.players import Band, draw_band, joined
from data.captioning.wording import Draw
from utils import counter_rng


def bands(plays, program=(-1, -1, -1, -1), density=(2.0, 4.0, 2.0, 2.0), count=200):
    labels = {"plays": np.array(plays), "program": np.array(program), "density": np.array(density)}
    draw = Draw(counter_rng(0))
    return [draw_band(Known(labels, None, ()), draw, 1.0) for _ in range(count)], draw


def test_lists_in_words():
    draw = Draw(counter_rng(0))
    assert joined(["a"], draw) == "a" and joined(["a", "b", "c"], draw) == "a, b and c"
    assert re.fullmatch(r"a (and|&|\+|with) b", joined(["a", "b"], draw))


def test_unknown_stems_are_never_mentioned():
    drawn, draw = bands((1, -1, -1, 0))
    words = {w for band in drawn for w in (*band.played, *band.absent)}
    assert any("bass" in w for w in words) and {"piano", "keys", "keyboards"} >= {
        w for w in words if "bass" not in w
    }
    assert not any(band.whole for band in drawn)
    assert draw_band(Known({}, None, ()), draw, 1.0).silent


def test_whole_bands():
    alone = [band.whole for band in bands((0, 0, 0, 1))[0] if band.whole]
    assert alone and all(any("solo" in t for t in words.tags) for words in alone)
    trio = [band.whole for band in bands((1, 1, 0, 1))[0] if band.whole]
    texts = [p.replace("bass guitar", "") for words in trio for p in words.phrases()]
    assert texts and not any("guitar" in text for text in texts)


def test_busy_and_sparse_parts():
    drawn, _ = bands((1, 1, 1, 1), program=(36, 128, 30, 4), density=(9.0, 9.0, 9.0, 0.1))
    text = " | ".join(w for band in drawn for w in band.played)
    assert re.search(r"(busy|dense|rolling|nonstop) slap bass", text)
    assert re.search(r"(sparse|simple|minimal) (Rhodes|electric piano)", text)
    assert not re.search(r"(sparse|simple|minimal) \S*(bass|drum|guitar)", text)


def test_forms_of_a_band():
    band, draw = Band(("slap bass",), ("piano",)), Draw(counter_rng(1))
    for texts in (band.details(draw), band.clauses(draw), band.tags(draw)):
        assert len(texts) == 2 and "slap bass" in texts[0] and "piano" in texts[1]
    assert Band().silent and Band().details(draw) == []
