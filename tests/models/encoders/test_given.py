"""`Conditions`: taking parts away, putting batches together, and checking what users say."""

import pytest
import torch

from data.batch import Batch
from data.labels import LABEL_SPECS
from data.lead_sheet import NUM_SHEET_COLUMNS, SHEET_COLUMNS
from models.encoders.given import NAMES, SHEET_PARTS, Conditions
from models.encoders.text import TextEncoder
from utils import UserError

NAN = float("nan")


def everything(size: int = 2) -> Conditions:
    generator = torch.Generator().manual_seed(0)
    rand = lambda *shape: torch.rand(shape, generator=generator)
    return Conditions(
        text_tokens=rand(size, 3, 384),
        style=torch.full((size,), 3),
        emotion=torch.full((size,), 2),
        genre=torch.full((size,), 5),
        valence=torch.full((size,), 0.4),
        arousal=torch.full((size,), -0.3),
        tempo=torch.full((size,), 92.0),
        key=torch.full((size,), 21),
        meter=torch.full((size,), 3),
        swing=torch.full((size,), 0.6),
        program=torch.tensor([[33, 128, 25, 0]]).repeat(size, 1),
        plays=torch.tensor([[1, 1, 0, 1]]).repeat(size, 1),
        density=rand(size, 4),
        dynamics=rand(size),
        register=torch.full((size,), 64.0),
        loudness=torch.full((size,), -16.0),
        brightness=torch.full((size,), 0.8),
        mel=rand(size, 128, 40),
        sheet=1.0 + rand(size, 10, NUM_SHEET_COLUMNS),
    )


def assert_same(a: Conditions, b: Conditions) -> None:
    assert [name for name, _ in a.said()] == [name for name, _ in b.said()]
    for (name, x), (_, y) in zip(a.said(), b.said(), strict=True):
        assert x.dtype == y.dtype, name
        torch.testing.assert_close(x, y, rtol=0, atol=0, equal_nan=True)


def test_every_field_is_optional_and_masks_default_to_true():
    assert Conditions().batch_size is None and Conditions().given == ()
    full = everything(3)
    assert full.batch_size == 3 and full.given == NAMES
    assert full.text_mask.all() and full.text_mask.shape == (3, 3)
    assert full.mel_mask.tolist() == [True] * 3


def test_sheet_parts_cover_every_column_once():
    columns = [column for part in SHEET_PARTS.values() for column in part]
    assert sorted(columns) == sorted(SHEET_COLUMNS)


def test_without_and_only():
    full = everything()
    assert full.without("text", "mel").given == tuple(n for n in NAMES if n not in ("text", "mel"))
    assert full.without("text").text_mask is None
    assert full.only("tempo").given == ("tempo",)
    assert_same(full.only(*NAMES), full)
    assert_same(full.without(*NAMES), Conditions())
    with pytest.raises(UserError, match="did you mean 'tempo'"):
        full.without("tempi")


def test_items_stack_back_to_the_batch():
    full = everything(3)
    again = full.item(0)
    for index in (1, -1):
        again = Conditions.stack(again, full.item(index))
    assert_same(again, full)
    with pytest.raises(IndexError):
        full.item(3)


def test_stack_fills_what_one_side_lacks():
    full = everything()
    both = Conditions.stack(full, full.only("style"))
    assert both.batch_size == 4
    assert both.item(2).given == ("style",) and both.item(1).given == NAMES
    assert both.tempo.isnan().tolist() == [False, False, True, True]
    assert both.text_mask.any(1).tolist() == [True, True, False, False]
    assert_same(Conditions.stack(full, Conditions()).item(0), full.item(0))
    assert Conditions.stack(Conditions(), full).item(1).given == ()
    assert_same(Conditions.stack(Conditions(), Conditions()), Conditions())


def test_stack_pads_texts_and_references():
    short = Conditions(text_tokens=torch.ones(1, 2, 384), mel=torch.ones(1, 128, 4))
    long = Conditions(text_tokens=torch.ones(1, 5, 384), mel=torch.ones(1, 128, 9))
    for both, row in ((Conditions.stack(short, long), 0), (Conditions.stack(long, short), 1)):
        assert both.text_mask[row].tolist() == [True, True, False, False, False]
        assert both.text_mask[1 - row].all()
        assert both.mel.shape == (2, 128, 9) and not both.mel[row, :, 4:].any()
        assert not both.text_tokens[row, 2:].any()


def test_expanded():
    one = everything(1)
    assert_same(one.expanded(3), Conditions.stack(Conditions.stack(one, one), one))
    assert one.expanded(1) is one and Conditions().expanded(5).batch_size is None
    with pytest.raises(UserError, match="conditions for 2 songs, but 3 are wanted"):
        everything(2).expanded(3)


def test_sizes_must_agree():
    with pytest.raises(UserError, match="style 2, tempo 3"):
        Conditions(style=torch.zeros(2).long(), tempo=torch.zeros(3))


def test_dropped_is_none_or_all_at_the_ends():
    full = everything()
    generator = torch.Generator().manual_seed(0)
    assert_same(full.dropped(generator, {}), full)
    assert full.dropped(generator, {"all": 1.0}).given == ()
    assert full.dropped(generator, dict.fromkeys(NAMES, 1.0)).given == ()
    for name in NAMES:
        left = full.dropped(generator, {name: 1.0})
        assert left.given == tuple(n for n in NAMES if n != name)
    assert_same(Conditions().dropped(generator, {"all": 1.0}), Conditions())
    with pytest.raises(UserError, match="unknown condition 'sheet_beat'"):
        full.dropped(generator, {"sheet_beat": 1.0})


def test_densities_are_who_plays_and_how_densely():
    full = everything()
    left = full.dropped(torch.Generator().manual_seed(0), {"all_but_densities": 1.0})
    assert_same(left.only("plays", "density", "sheet"), full.densities())
    assert set(left.given) == {"plays", "density", "sheet"}
    spans = [SHEET_COLUMNS[column] for column in SHEET_PARTS["sheet_density"]]
    columns = [c for span in spans for c in range(span.start, span.stop)]
    assert torch.equal(left.sheet[..., columns], full.sheet[..., columns])
    assert left.sheet.count_nonzero() == full.sheet[..., columns].count_nonzero()


def test_dropped_follows_its_rates():
    full = everything(4000).without("mel", "sheet")
    rates = {"style": 0.2, "text": 0.5, "program": 0.3, "all": 0.1}
    left = full.dropped(torch.Generator().manual_seed(0), rates)
    silent = left.tempo.isnan()
    assert silent.float().mean() == pytest.approx(0.1, abs=0.02)
    assert ((left.style < 0) & ~silent).sum() / (~silent).sum() == pytest.approx(0.2, abs=0.03)
    assert left.text_mask.any(1).float().mean() == pytest.approx(0.45, abs=0.03)
    assert (left.program >= 0).float().mean() == pytest.approx(0.9 * 0.7 * 0.7, abs=0.02)
    partly = (left.program >= 0).any(1) & (left.program < 0).any(1)
    assert partly.float().mean() > 0.3
    together = ((left.style < 0) & ~left.text_mask.any(1) & ~silent).sum() / (~silent).sum()
    assert together == pytest.approx(0.1, abs=0.02)


def test_dropped_draws_do_not_depend_on_what_is_said():
    full, rates = everything(50), dict.fromkeys(NAMES, 0.5)
    a = full.dropped(torch.Generator().manual_seed(1), rates)
    b = full.only("genre", "sheet").dropped(torch.Generator().manual_seed(1), rates)
    assert_same(a.only("genre", "sheet"), b)


@pytest.mark.parametrize("part", list(SHEET_PARTS))
def test_parts_of_the_sheet_are_dropped_alone(part):
    full = everything()
    left = full.dropped(torch.Generator(), {part: 1.0})
    for column, where in SHEET_COLUMNS.items():
        same = torch.equal(left.sheet[..., where], full.sheet[..., where])
        assert same != (column in SHEET_PARTS[part])
        assert same or not left.sheet[..., where].any()
    everywhere = dict.fromkeys(SHEET_PARTS, 1.0)
    assert "sheet" not in full.dropped(torch.Generator(), everywhere).given


def test_from_batch():
    labels = {name: getattr(everything(), name) for name in LABEL_SPECS}
    batch = Batch(
        present=torch.ones(2, 4, dtype=torch.bool),
        score_known=torch.ones(2, 4, dtype=torch.bool),
        song=["a", "b"],
        start=[0.0, 0.0],
        sheet=everything().sheet,
        mel=everything().mel,
        labels=labels,
        text=["slow jazz", ""],
    )
    conditions = Conditions.from_batch(batch, TextEncoder())
    assert conditions.given == NAMES
    assert conditions.text_mask.any(1).tolist() == [True, False]
    assert_same(conditions.without("text"), everything().without("text"))
    assert "text" not in Conditions.from_batch(batch, None).given
    batch.text_tokens, batch.text_mask = everything().text_tokens, everything().text_mask
    assert_same(Conditions.from_batch(batch, None), everything())
    batch = Batch(batch.present, batch.score_known, batch.song, batch.start)
    assert_same(Conditions.from_batch(batch, None), Conditions())


def test_checked():
    full = everything()
    assert full.checked() is full and Conditions().checked().given == ()
    nulls = full.dropped(torch.Generator(), {"all": 1.0})
    assert nulls.checked() is nulls
    for wrong, message in (
        (Conditions(style=torch.tensor([10])), "style 10 does not exist: choose from 0-9"),
        (Conditions(meter=torch.tensor([1])), "meter 1 does not exist: expected 2 to 12 beats"),
        (Conditions(tempo=torch.tensor([0.0])), "tempo 0 does not exist: expected 20 to 400"),
        (Conditions(mel=torch.full((1, 128, 2), NAN)), "mel holds values that are not numbers"),
        (Conditions(mel=torch.full((1, 128, 2), -40.0)), "expected power, not decibels"),
        (Conditions(sheet=torch.full((1, 2, 3), NAN)), "sheet holds values"),
    ):
        with pytest.raises(UserError, match=message):
            wrong.checked()
