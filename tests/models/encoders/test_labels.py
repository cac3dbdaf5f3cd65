"""Label embeddings: null is exactly null, near values are near, wrong values are named."""

import pytest
import torch

from models.encoders.labels import (
    ID_NAMES,
    NUMBER_RANGES,
    SONG_SCALES,
    IdEmbedding,
    KeyEmbedding,
    MeterEmbedding,
    NumberEmbedding,
    ProgramEmbedding,
    StemEmbedding,
    check_label,
    density_scale,
    dynamics_scale,
    numbered,
    tempo_scale,
)
from utils import UserError

NAN = float("nan")


@pytest.mark.parametrize(
    ("embedding", "values"),
    [
        (IdEmbedding(5, 16), torch.tensor([3, -1])),
        (NumberEmbedding(16, tempo_scale), torch.tensor([120.0, NAN])),
        (NumberEmbedding(16, density_scale), torch.tensor([0.0, NAN])),
        (NumberEmbedding(16, dynamics_scale), torch.tensor([0.5, NAN])),
        *((NumberEmbedding(16, s), torch.tensor([0.6, NAN])) for s in SONG_SCALES.values()),
        (KeyEmbedding(16), torch.tensor([0, -1])),
        (MeterEmbedding(16), torch.tensor([4, -1])),
        (ProgramEmbedding(16), torch.tensor([0, -1])),
    ],
)
def test_unknown_is_the_null_embedding_to_the_bit(embedding, values):
    given, null = embedding(values)
    assert torch.equal(null, embedding.null)
    assert not torch.allclose(given, embedding.null, atol=1e-2)
    torch.stack([given, null]).sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in embedding.parameters())


def test_scales():
    assert tempo_scale(torch.tensor([60.0, 120.0, 240.0])).tolist() == [-1.0, 0.0, 1.0]
    assert density_scale(torch.tensor([0.0, 15.0])).tolist() == pytest.approx([0.0, 1.0])
    assert dynamics_scale(torch.tensor([0.0, 0.5, 1.0])).tolist() == [-1.0, 0.0, 1.0]


def test_scales_bring_what_music_holds_near_one():
    heard = {
        "tempo": (60.0, 240.0),
        "swing": (0.5, 2 / 3),
        "register": (36.0, 84.0),
        "loudness": (-34.0, 6.0),
        "brightness": (-2.0, 2.0),
        "dynamics": (0.0, 1.0),
        "valence": (-1.0, 1.0),
        "arousal": (-1.0, 1.0),
    }
    assert set(heard) == set(SONG_SCALES) <= set(NUMBER_RANGES)
    for name, scale in SONG_SCALES.items():
        ends = scale(torch.tensor(heard[name], dtype=torch.float64))
        assert ends.tolist() == pytest.approx([-1.0, 1.0]), name


def test_near_tempos_are_near():
    torch.manual_seed(0)
    embedding = NumberEmbedding(64, tempo_scale)
    a, b, c = embedding(torch.tensor([120.0, 121.0, 170.0]))
    assert (a - b).norm() < 0.2 * (a - c).norm()


def test_keys_lie_on_the_circle_of_fifths():
    features = KeyEmbedding(8).features
    distance = (features[0] - features).norm(dim=-1)
    c_major, g_major, f_major, f_sharp_major = 0, 7, 5, 6
    assert distance[g_major] == pytest.approx(distance[f_major].item(), rel=1e-5)
    assert distance[g_major] == pytest.approx(distance[1:12].min().item(), rel=1e-5)
    assert distance[f_sharp_major] > distance[g_major]
    assert (
        distance[c_major] == 0
        and len({tuple(row.tolist()) for row in features.round(decimals=4)}) == 24
    )


def test_a_program_shares_its_family():
    torch.manual_seed(0)
    embedding = ProgramEmbedding(64)
    nylon, steel, slap_bass = embedding(torch.tensor([24, 25, 36])).detach()
    shared = embedding.families.weight[3]
    assert (nylon - steel).norm() < 1.2 * (nylon - slap_bass).norm()
    torch.testing.assert_close(nylon - embedding.programs.weight[24], shared)
    assert torch.equal(embedding(torch.tensor(128)), embedding.null)


def test_drums_have_no_program_and_stems_keep_apart():
    embedding = StemEmbedding(16)
    plays, density = torch.full((1, 4), -1), torch.full((1, 4), NAN)
    without = embedding(torch.tensor([[-1, -1, -1, -1]]), plays, density)
    assert torch.equal(without, embedding(torch.tensor([[-1, 8, -1, -1]]), plays, density))
    changed = embedding(torch.tensor([[33, 128, -1, -1]]), plays, density) != without
    assert changed.any(-1).tolist() == [[True, False, False, False]]
    density = torch.tensor([[NAN, 3.0, NAN, NAN]])
    changed = embedding(torch.full((1, 4), -1), plays, density) != without
    assert changed.any(-1).tolist() == [[False, True, False, False]]


@pytest.mark.parametrize(
    ("name", "bad", "good", "message"),
    [
        ("style", [-2], [-1, 9], "choose from 0-9"),
        ("key", [24], [-1, 0, 23], "0 C major"),
        ("tempo", [-90.0], [NAN, 20.0, 400.0], "20 to 400 beats per minute"),
        ("tempo", [float("inf")], [120.0], "beats per minute"),
        ("valence", [-1.5], [-1.0, NAN, 1.0], "expected -1 to 1 from unpleasant"),
        ("arousal", [2.0], [-1.0, NAN, 1.0], "from calm to excited"),
        ("meter", [1], [-1, 2, 12], "2 to 12 beats per bar"),
        ("meter", [13], [4], "2 to 12 beats per bar"),
        ("swing", [2.0], [0.5, 0.67, NAN], "0.5 to 0.75 of a pair"),
        ("register", [-1.0], [0.0, 60.5, 127.0], "as MIDI pitch"),
        ("loudness", [20.0], [-70.0, -13.0, NAN], "-70 to 6 LUFS"),
        ("brightness", [2_000.0], [-1.0, 0.5, NAN], "octaves over 1 kHz"),
        ("dynamics", [80.0], [0.0, 1.0], "0 to 1"),
        ("density", [[0, 0, -1.0, 0]], [[0.0, NAN, 3.0, 9.0]], "onsets per second"),
        ("program", [[128, -1, -1, -1]], [[0, 128, 127, -1]], "General MIDI program, 0-127"),
        ("plays", [[2, 0, 0, 0]], [[1, 0, -1, 1]], "1 .plays., 0 .rests."),
    ],
)
def test_check_label(name, bad, good, message):
    check_label(name, torch.tensor(good))
    with pytest.raises(UserError, match=message):
        check_label(name, torch.tensor(bad))


def test_numbered_lists_every_name():
    for name, names in ID_NAMES.items():
        assert all(f"{i} {known}" in numbered(name) for i, known in enumerate(names))
