"""A tiny CLIP of random weights, saved as `transformers` saves them: its scores become points."""

import json

import numpy as np
import pytest
import torch

from data.emotion import CENTRES, EMOTIONS
from data.pictures.files import Clip
from models.encoders import pretrained_visual
from models.encoders.pretrained_visual import MOODS, PretrainedVisual
from utils import UserError

LAYERS = {"num_hidden_layers": 1, "num_attention_heads": 2, "hidden_size": 16}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> str:
    from transformers import CLIPConfig, CLIPModel, CLIPTokenizer

    path = tmp_path_factory.mktemp("clip")
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)] + [","]
    names = [*letters, *(f"{c}</w>" for c in letters), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {name: i for i, name in enumerate(names)}
    CLIPTokenizer(vocab=vocabulary, merges=[]).save_pretrained(path)
    size = {**LAYERS, "intermediate_size": 32}
    text = {**size, "vocab_size": len(names), "eos_token_id": vocabulary["<|endoftext|>"]}
    vision = {**size, "image_size": 16, "patch_size": 8}
    torch.manual_seed(0)
    config = CLIPConfig(text_config=text, vision_config=vision, projection_dim=8)
    CLIPModel(config).save_pretrained(path)
    return str(path)


@pytest.fixture(scope="module")
def eyes(folder) -> PretrainedVisual:
    return PretrainedVisual(folder)


def clip(m: int, height: int = 20, width: int = 30) -> Clip:
    frames = np.random.default_rng(m).random((m, 3, height, width), np.float32)
    return Clip(frames, np.arange(m) / 4)


def test_every_emotion_has_sentences():
    assert set(MOODS) == {*EMOTIONS, None}
    assert all(len(set(sentences)) == 2 for sentences in MOODS.values())


def test_same_result_as_the_trained_encoder(eyes):
    seen = eyes.see([clip(1), clip(4, 16, 16)])
    assert seen.tokens.shape == (2, 4, 8) and seen.mask.sum(1).tolist() == [1, 4]
    assert not seen.tokens[0, 1:].any() and seen.tokens[1].norm(dim=-1) == pytest.approx(1.0)
    assert not seen.pace[0].any() and (seen.pace[1] > 0).all()
    assert seen.arousal.abs().max() <= 1 and len(seen.curve(1).times) == 4


def test_items_do_not_depend_on_each_other(eyes, monkeypatch):
    together, alone = eyes.see([clip(3), clip(5)]), eyes.see([clip(3)])
    torch.testing.assert_close(together.valence[:1, :3], alone.valence)
    monkeypatch.setattr(pretrained_visual, "CHUNK_FRAMES", 2)
    torch.testing.assert_close(eyes.see([clip(3)]).tokens, alone.tokens)


@pytest.mark.parametrize("mood", range(8))
def test_a_picture_that_fits_one_mood_lies_at_its_point(eyes, monkeypatch, mood):
    monkeypatch.setattr(eyes, "_look", lambda frames: eyes.moods[2 * mood : 2 * mood + 1])
    monkeypatch.setattr(eyes, "moods", torch.nn.functional.one_hot(torch.arange(18)).float())
    eyes.model.logit_scale.data.fill_(np.log(100.0))
    seen = eyes.see([clip(1)])
    point = (seen.valence.item(), seen.arousal.item())
    assert point == pytest.approx(CENTRES[EMOTIONS.index(list(MOODS)[mood])], abs=1e-3)


def test_what_is_no_clip_is_explained(tmp_path):
    with pytest.raises(UserError, match="no CLIP at"):
        PretrainedVisual(str(tmp_path / "nothing"))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(UserError, match="it is a 'bert' model"):
        PretrainedVisual(str(tmp_path))
