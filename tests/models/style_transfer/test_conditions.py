"""What the composer is told: each part's own, and the song's facts for all."""

import pytest
import torch

from data.lead_sheet import LeadSheet
from data.movement import STYLES
from models.style_transfer import Target
from models.style_transfer.conditions import Change, conditions_of
from models.style_transfer.content import Content
from models.style_transfer.habits import habits_of
from utils import SAMPLE_RATE, STEMS, UserError

JAZZ, FUNK = STYLES.index("jazz"), STYLES.index("funk")


def told(model, score, strength=0.5, keep_instruments=False, **said):
    change = Change(Content.of(score), Target.of(**said), strength, keep_instruments)
    return conditions_of(model, change)


def test_each_part_says_its_style_and_all_say_the_songs_tempo_key_and_band(model, score):
    said, sheet = told(model, score, style="jazz=0.7 funk=0.3"), LeadSheet.from_score(score)
    assert said.style.tolist() == [JAZZ, FUNK] and said.genre.tolist() == [-1, -1]
    assert said.tempo.tolist() == pytest.approx([sheet.bpm] * 2)
    assert said.key.tolist() == [sheet.key_index] * 2 and said.meter.tolist() == [4, 4]
    assert said.plays.tolist() == [[int(len(score.notes[s]) > 0) for s in STEMS]] * 2
    for row, style in enumerate((JAZZ, FUNK)):
        programs = habits_of({"style": style}).programs
        assert said.program[row].tolist() == [programs.get(stem, -1) for stem in STEMS]


def test_its_own_instruments_stay_where_they_shall_or_where_no_style_says_others(model, score):
    own = [-1 if stem == "drums" else score.programs[stem] for stem in STEMS]
    assert told(model, score, style="jazz", keep_instruments=True).program[0].tolist() == own
    assert told(model, score, emotion="sad").program[0].tolist() == own


def test_swing_moves_with_the_strength(model, score):
    content = Content.of(score)
    for strength in (0.0, 0.25, 1.0):
        share = told(model, score, strength, style="jazz").swing[0].item()
        style = habits_of({"style": JAZZ}).swing
        assert share == pytest.approx((1 - strength) * content.swing + strength * style)
    assert told(model, score, 1.0, emotion="sad").swing[0].item() == pytest.approx(content.swing)


def test_an_emotion_is_also_its_point(model, score):
    said = told(model, score, emotion="happy=0.5 sad=0.5")
    assert torch.allclose(said.valence, torch.tensor([0.924, -0.924]), atol=1e-3)
    assert told(model, score, style="jazz").arousal.isnan().all()


def test_a_reference_lends_its_sound_but_not_its_tempo(model, score):
    clicks = torch.zeros(3 * SAMPLE_RATE)
    clicks[:: SAMPLE_RATE // 3] = 0.5
    said = told(model, score, style="jazz=1 funk=1", reference=clicks)
    assert said.mel.shape[0] == 2 and torch.equal(said.mel[0], said.mel[1])
    assert said.loudness.isfinite().all() and said.brightness.isfinite().all()
    assert said.tempo[0].item() == pytest.approx(LeadSheet.from_score(score).bpm)
    with pytest.raises(UserError, match=r"shape \(1, 2, 3\): expected a waveform"):
        told(model, score, reference=torch.zeros(1, 2, 3))


def test_a_strength_lies_between_0_and_1(score):
    with pytest.raises(UserError, match=r"strength is 1\.5: choose from 0"):
        Change(Content.of(score), Target.of("jazz"), 1.5)
