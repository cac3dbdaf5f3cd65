"""The plain BERT equals `transformers.BertModel`."""

import pytest
import torch

from models.encoders.minilm import MiniLM


@pytest.fixture(scope="module")
def small_bert(tmp_path_factory):
    """A random BERT of 2 layers as `transformers` saves it, and the model itself."""
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=50,
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=40,
        max_position_embeddings=16,
        layer_norm_eps=1e-12,
    )
    model = BertModel(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape))
    folder = tmp_path_factory.mktemp("bert")
    model.save_pretrained(folder)
    return folder, model


def test_equals_the_reference_implementation(small_bert):
    folder, model = small_bert
    ids = torch.randint(50, (3, 9), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = model(input_ids=ids).last_hidden_state
    torch.testing.assert_close(MiniLM(folder)(ids), expected, atol=2e-5, rtol=1e-5)


def test_nothing_asks_for_a_gradient(small_bert):
    folder, _ = small_bert
    assert not MiniLM(folder)(torch.zeros(1, 2, dtype=torch.long)).requires_grad
