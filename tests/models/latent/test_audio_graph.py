"""Neural audio graph: its edges, masks, gradients and export."""

import torch

from models.latent.audio_graph import AudioGraph, Relation
from utils import torch_rng


def graph_of(b: int = 1, m: int = 6, absent: int | None = None):
    torch.manual_seed(0)
    graph = AudioGraph(16, heads=2)
    present = torch.ones(b, 4, dtype=torch.bool)
    if absent is not None:
        present[:, absent] = False
    nodes = torch.randn(b, 4, m, 16, generator=torch_rng(0))
    return graph, nodes, present


def test_numbers_of_edges():
    graph, nodes, present = graph_of()
    built = graph.build(nodes, present)
    counts = torch.bincount(built.relation, minlength=3)
    assert counts[Relation.TOGETHER] == 4 * 3 * 6
    assert counts[Relation.FOLLOWS] == 4 * 2 * 5
    assert counts[Relation.RECALLS] == 4 * 6 * graph.recalls


def test_recalls_stay_in_their_stem_and_skip_neighbours():
    graph, nodes, present = graph_of()
    built = graph.build(nodes, present)
    source, target = built.edges[:, built.relation == Relation.RECALLS]
    assert torch.equal(source // 6, target // 6)
    assert ((source - target).abs() > 1).all()


def test_absent_stems_have_no_edges_and_batches_do_not_mix():
    graph, nodes, present = graph_of(b=2, absent=1)
    edges = graph.build(nodes, present).edges
    assert not ((edges // 6) % 4 == 1).any()
    assert torch.equal(edges[0] // 24, edges[1] // 24)


def test_new_graph_changes_nothing_then_learns():
    graph, nodes, present = graph_of()
    assert torch.equal(graph(nodes, present), nodes)
    graph.scale.data.fill_(0.5)
    out = graph(nodes, present)
    out.square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in graph.parameters())


def test_adjacency_is_exported():
    graph, nodes, present = graph_of()
    dense = graph.build(nodes, present).adjacency(24)
    assert dense.shape == (3, 24, 24) and dense[Relation.TOGETHER].sum() == 72
    assert torch.equal(dense[Relation.FOLLOWS], dense[Relation.FOLLOWS].T)


def test_batch_equals_single():
    graph, nodes, present = graph_of(b=3)
    graph.scale.data.fill_(0.5)
    together = graph(nodes, present)
    alone = torch.cat([graph(nodes[i : i + 1], present[i : i + 1]) for i in range(3)])
    assert (together - alone).abs().max() < 1e-5


def test_short_songs_have_no_recalls():
    graph, nodes, present = graph_of(m=2)
    assert not (graph.build(nodes, present).relation == Relation.RECALLS).any()
