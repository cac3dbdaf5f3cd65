"""all-MiniLM-L6-v2 in plain torch: the forward pass of a 6-layer BERT, and nothing else.

The default prompt encoder runs through this file because importing `transformers` alone takes
longer than everything else between a prompt and its embedding. Equality with
`transformers.BertModel` is tested. No training, no dropout, no padding: sentences of one length at
a time.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from einops import rearrange


class MiniLM:
    """A frozen BERT encoder over weights in the naming of the official `model.safetensors`.

    Args:
        folder: holds `config.json` and `model.safetensors`.
    """

    def __init__(self, folder: str | Path) -> None:
        from safetensors.torch import load_file

        config = json.loads((Path(folder) / "config.json").read_text())
        self.width = config["hidden_size"]
        self.num_layers = config["num_hidden_layers"]
        self.num_heads = config["num_attention_heads"]
        self.epsilon = config["layer_norm_eps"]
        weights = load_file(Path(folder) / "model.safetensors")
        self.weights = {name: w.float() for name, w in weights.items() if w.is_floating_point()}

    def to(self, device: torch.device | str) -> MiniLM:
        """Moves the weights."""
        self.weights = {name: w.to(device) for name, w in self.weights.items()}
        return self

    def linear(self, x: torch.Tensor, name: str) -> torch.Tensor:
        return F.linear(x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])

    def norm(self, x: torch.Tensor, name: str) -> torch.Tensor:
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return F.layer_norm(x, (self.width,), weight, bias, self.epsilon)

    def embed(self, ids: torch.Tensor) -> torch.Tensor:
        """Word, position and (always the first) segment embeddings, normalised: (b n e)."""
        w = self.weights
        x = w["embeddings.word_embeddings.weight"][ids]
        x = x + w["embeddings.position_embeddings.weight"][: ids.shape[1]]
        x = x + w["embeddings.token_type_embeddings.weight"][0]
        return self.norm(x, "embeddings.LayerNorm")

    def layer(self, x: torch.Tensor, name: str) -> torch.Tensor:
        """Self-attention and feed-forward, each followed by residual and norm (post-norm)."""
        heads = lambda y: rearrange(y, "b n (h e) -> b h n e", h=self.num_heads)
        q, k, v = (
            heads(self.linear(x, f"{name}.attention.self.{part}"))
            for part in ("query", "key", "value")
        )
        mixed = rearrange(F.scaled_dot_product_attention(q, k, v), "b h n e -> b n (h e)")
        mixed = self.linear(mixed, f"{name}.attention.output.dense")
        x = self.norm(x + mixed, f"{name}.attention.output.LayerNorm")
        hidden = F.gelu(self.linear(x, f"{name}.intermediate.dense"))
        return self.norm(
            x + self.linear(hidden, f"{name}.output.dense"), f"{name}.output.LayerNorm"
        )

    @torch.no_grad()
    def __call__(self, ids: torch.Tensor) -> torch.Tensor:
        """Last hidden states (b n e) of word-piece ids (b n), every position a real token."""
        x = self.embed(ids)
        for index in range(self.num_layers):
            x = self.layer(x, f"encoder.layer.{index}")
        return x
