"""Neural audio graph: who plays with whom, what follows what, and what recalls what.

Nodes are (stem, stretch of time) at the macro scale. Edges are of three kinds: *together* (other
stems at the same time), *follows* (the same stem one step before or after) and *recalls* (the same
stem elsewhere in time, chosen by a learned similarity: the motifs). Messages pass over them with
torch-geometric's attention; the similarity of a recall edge weighs its message, so the choice of
motifs learns. `adjacency` exports the graph for a look.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import torch
from einops import rearrange
from torch import nn
from torch.nn import functional as F
from torch_geometric.nn import TransformerConv


class Relation(IntEnum):
    """Kinds of edges, in the order of their embedding."""

    TOGETHER = 0
    FOLLOWS = 1
    RECALLS = 2


@dataclass(frozen=True)
class Graph:
    """Edges over b x s x m nodes, numbered in that order.

    edges: (2, edges) long, source above target. relation: (edges,) long. strength: (edges,) in
    (0, 1], 1 for fixed edges, the learned similarity for recalls.
    """

    edges: torch.Tensor
    relation: torch.Tensor
    strength: torch.Tensor

    def adjacency(self, num_nodes: int) -> torch.Tensor:
        """Dense strengths (relations, nodes, nodes): entry [r, i, j] is the edge from i to j."""
        dense = torch.zeros(len(Relation), num_nodes, num_nodes, device=self.strength.device)
        dense[self.relation, self.edges[0], self.edges[1]] = self.strength.detach()
        return dense


class AudioGraph(nn.Module):
    """Message passing between stretches of stems; maps (b s m w) to the same shape.

    A new module changes nothing: its output is scaled by zero until training finds a use for it.
    """

    def __init__(self, width: int, *, heads: int = 4, recalls: int = 2) -> None:
        super().__init__()
        self.recalls = recalls
        self.norm = nn.LayerNorm(width)
        self.motif = nn.Linear(width, width // 4, bias=False)
        self.relation = nn.Embedding(len(Relation), width // 4)
        self.convolution = TransformerConv(width, width // heads, heads, edge_dim=width // 4)
        self.scale = nn.Parameter(torch.zeros(width))

    def build(self, nodes: torch.Tensor, present: torch.Tensor) -> Graph:
        """Graph of normalised nodes (b s m w); no edge touches an absent stem, present (b s)
        bool.
        """
        fixed, relation = _fixed_edges(nodes.shape[0], nodes.shape[1], nodes.shape[2], nodes.device)
        recall, similarity = self._recall_edges(nodes)
        edges = torch.cat([fixed, recall], dim=1)
        relation = torch.cat([relation, relation.new_full((recall.shape[1],), Relation.RECALLS)])
        strength = torch.cat([similarity.new_ones(fixed.shape[1]), similarity])
        alive = present[:, :, None].expand(nodes.shape[:3]).reshape(-1)
        kept = alive[edges[0]] & alive[edges[1]]
        return Graph(edges[:, kept], relation[kept], strength[kept])

    def _recall_edges(self, nodes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """For each node its most similar nodes of the same stem, neighbours and itself left out."""
        b, s, m, _ = nodes.shape
        count = min(self.recalls, max(m - 3, 0))
        keys = F.normalize(self.motif(nodes), dim=-1)
        similarity = ((keys @ keys.transpose(-1, -2)) * 4.0).sigmoid()
        steps = torch.arange(m, device=nodes.device)
        near = (steps[:, None] - steps[None]).abs() <= 1
        strength, source = similarity.masked_fill(near, -1.0).topk(count, dim=-1)
        base = torch.arange(b * s, device=nodes.device).view(b, s, 1, 1) * m
        target = steps[:, None].expand(b, s, m, count) + base
        edges = torch.stack([(source + base).reshape(-1), target.reshape(-1)])
        valid = strength.reshape(-1) > 0.0
        return edges[:, valid], strength.reshape(-1)[valid]

    def forward(self, x: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        b, s, m, _ = x.shape
        nodes = self.norm(x)
        graph = self.build(nodes, present)
        features = self.relation(graph.relation) * graph.strength[:, None]
        flat = rearrange(nodes, "b s m w -> (b s m) w")
        messages = self.convolution(flat, graph.edges, features)
        return x + self.scale * rearrange(messages, "(b s m) w -> b s m w", b=b, s=s, m=m)


def _fixed_edges(b: int, s: int, m: int, device) -> tuple[torch.Tensor, torch.Tensor]:
    """Edges together and follows of a batch: (2, edges) and their relations."""
    index = torch.arange(b * s * m, device=device).view(b, s, m)
    together = [
        torch.stack([index[:, i].reshape(-1), index[:, j].reshape(-1)])
        for i in range(s)
        for j in range(s)
        if i != j
    ]
    before, after = index[..., :-1].reshape(-1), index[..., 1:].reshape(-1)
    follows = [torch.stack([before, after]), torch.stack([after, before])]
    together, follows = torch.cat(together, 1), torch.cat(follows, 1)
    relation = torch.cat(
        [
            together.new_full((together.shape[1],), Relation.TOGETHER),
            follows.new_full((follows.shape[1],), Relation.FOLLOWS),
        ]
    )
    return torch.cat([together, follows], 1), relation
