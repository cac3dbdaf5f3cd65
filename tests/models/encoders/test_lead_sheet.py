"""The lead sheet at every frame: known parts act where they are, an empty sheet is null."""

import pytest
import torch

from data.lead_sheet import NUM_SHEET_COLUMNS, SHEET_COLUMNS
from models.encoders.lead_sheet import LeadSheetEncoder


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(0)
    return LeadSheetEncoder(NUM_SHEET_COLUMNS, 32)


def test_frames_stay_frames(encoder):
    for num_frames in (1, 2, 60, 256):
        assert encoder(torch.ones(2, num_frames, NUM_SHEET_COLUMNS)).shape == (2, num_frames, 32)


def test_an_empty_sheet_is_null_at_every_frame(encoder):
    sheet = torch.zeros(2, 40, NUM_SHEET_COLUMNS)
    sheet[1, :, SHEET_COLUMNS["key_known"]] = 1.0
    features = encoder(sheet)
    assert torch.equal(features[0], encoder.null.expand(40, 32))
    assert not torch.allclose(features[1], encoder.null.expand(40, 32), atol=1e-2)


def test_a_chord_acts_half_a_second_around_it(encoder):
    sheet = torch.zeros(1, 80, NUM_SHEET_COLUMNS)
    sheet[..., SHEET_COLUMNS["beat_known"]] = 1.0
    changed = sheet.clone()
    changed[0, 40, SHEET_COLUMNS["chord_root"].start] = 1.0
    moved = (encoder(sheet) != encoder(changed)).any(-1)[0].nonzero()[:, 0]
    assert moved.min() == 30 and moved.max() == 50


def test_batch_equals_single(encoder):
    sheet = torch.rand(3, 50, NUM_SHEET_COLUMNS)
    torch.testing.assert_close(encoder(sheet)[1:2], encoder(sheet[1:2]), atol=1e-5, rtol=1e-5)


def test_gradients_reach_every_parameter():
    encoder = LeadSheetEncoder(NUM_SHEET_COLUMNS, 16)
    sheet = torch.rand(2, 20, NUM_SHEET_COLUMNS)
    sheet[1] = 0
    encoder(sheet).square().sum().mul(0.5).add(encoder(sheet).sum()).backward()
    assert all(p.grad is not None and p.grad.any() for p in encoder.parameters())
