"""A tiny model that has practised for seconds does what it is asked.

The corpus is composed: ballads at 80 bpm and country at 160, every third song without drums. What
is learned is small, and what is tested is large: twice the tempo, a silent stem, a style.
"""

import numpy as np
import pytest
import torch

from data.arranger import compose
from data.bars import strokes
from data.batch import Batch, Example
from data.dataset import Segment, to_segment
from data.loader import collate
from data.movement import STYLES
from metrics.adherence.listeners import Listeners
from metrics.adherence.measures import stem_silent
from metrics.adherence.requests import Request
from models.asking import Asking
from models.harmonicflow import HarmonicFlow
from models.objectives import build_objective
from models.presets import tiny
from utils import FRAME_SAMPLES, SAMPLE_RATE, STEMS, counter_rng, torch_rng

NUM_FRAMES = 64
SECONDS = NUM_FRAMES * FRAME_SAMPLES / SAMPLE_RATE
BATCH = 8
BPM = {"ballad": 80.0, "country": 160.0}
FIELDS = {"roll", "sheet", "plan", "labels", "captions"}
OPTIONS = {"duration": SECONDS, "steps": 8}
# stage -> part that it trains, steps, learning rate
PRACTICE = {
    "score": ("score_codec", 150, 4e-3),
    "composer": ("composer", 150, 4e-3),
    "planner": ("planner", 100, 4e-3),
}


def practised(seed: int) -> Segment:
    """A segment that begins with the third bar of a song."""
    style = tuple(BPM)[seed % 2]
    stems = [stem for stem in STEMS if stem != "drums" or seed % 3]
    song = compose(seed, style=style, bpm=BPM[style], num_bars=8, meter="4/4", stems=stems)
    start = 8 * 60.0 / BPM[style]
    everyone = np.ones(len(STEMS), bool)
    example = Example(
        song=song.name,
        start=start,
        present=everyone,
        score=song.excerpt(start, start + SECONDS),
        score_known=everyone,
        tags={"style": style},
    )
    return to_segment(example, FIELDS, NUM_FRAMES, counter_rng(seed))


def practise(model: HarmonicFlow, stage: str, batches: list[Batch]) -> None:
    """Trains one part with a short warm-up and a learning rate that falls to nothing."""
    part, steps, lr = PRACTICE[stage]
    objective = build_objective(stage, model).train()
    weights = [w for w in objective.trained(model).parameters() if w.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=lr, weight_decay=0.0)
    generator = torch_rng(0, 1)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = lr * min(1.0, (step + 1) / 10) * (1.0 - step / steps)
        objective(batches[step % len(batches)], generator).total.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad()
    model.trained.add(part)


@pytest.fixture(scope="module")
def model() -> HarmonicFlow:
    segments = [practised(seed) for seed in range(4 * BATCH)]
    batches = [collate(segments[i::4]) for i in range(4)]
    torch.manual_seed(0)
    model = HarmonicFlow(tiny())
    for stage in PRACTICE:
        practise(model, stage, batches)
    return model.eval()


@pytest.fixture(autouse=True)
def quiet(recwarn):
    """The parts that have not practised are warned of; here they do not act."""


def rate(scores) -> float:
    """Strokes per second of all songs together."""
    return sum(len(strokes(notes)) for score in scores for notes in score.notes.values()) / SECONDS


def test_twice_the_tempo_is_about_twice_the_strokes(model):
    everyone = dict.fromkeys(STEMS, True)
    slow, fast = (
        model.generate(bpm=bpm, plays=everyone, batch_size=6, seed=0, **OPTIONS)
        for bpm in (80.0, 160.0)
    )
    assert rate(fast.scores) > 1.4 * rate(slow.scores) > 0.0
    assert [sheet.bpm for sheet in fast.lead_sheets] == pytest.approx([160.0] * 6)


def test_a_style_brings_its_tempo(model):
    ballad, country = (
        model.generate(style_idx=STYLES.index(style), batch_size=6, seed=0, **OPTIONS)
        for style in BPM
    )
    assert all(sheet.bpm < 110.0 for sheet in ballad.lead_sheets)
    assert all(sheet.bpm > 110.0 for sheet in country.lead_sheets)
    assert rate(country.scores) > 1.2 * rate(ballad.scores) > 0.0


@pytest.mark.parametrize("stem", STEMS)
def test_no_stem_is_silent_but_the_one_that_was_named(model, stem):
    asking = Asking(model, Listeners(), OPTIONS, batch_size=4)
    wish, said = {f"plays.{stem}": 0.0}, {"text": f"no {stem}", "bpm": 160.0}
    requests = [
        Request("silent stems", "words", said, wish, seed, heard=False) for seed in range(4)
    ]
    notes = [answer.song.notes for answer in asking.ask(requests).answers]
    assert stem_silent(stem).value([wish] * 4, notes) == (1.0, 4)
    others = [song[f"plays.{other}"] for song in notes for other in STEMS if other != stem]
    assert np.mean(others) > 0.5  # many of a tiny model's songs lack a stem, none lacks them all
