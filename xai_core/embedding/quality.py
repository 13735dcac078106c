"""What a map is worth: how much of the neighbourhoods of the original space it kept."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from xai_core.embedding.distances import blocks
from xai_core.embedding.graph import Graph
from xai_core.errors import NotApplicable
from xai_core.types import FeatureTable

_SAMPLE = 1000
_QUERIES = 50  # at a time, each with a score for every picture
K = 10


@dataclass(frozen=True)
class Quality:
    """Figures of a map, each in [0, 1].

    trustworthiness: 1 where no stranger came between neighbours (Venna & Kaski 2001), measured on `sampled` pictures
    against all. kept: share of the k true neighbours that are among the k nearest on the map. accuracy_space,
    accuracy_map: how often the majority of the k nearest has the picture's own label; None without labels.
    """

    k: int
    trustworthiness: float
    kept: float
    accuracy_space: float | None
    accuracy_map: float | None
    sampled: int
    total: int


def map_quality(
    table: FeatureTable, graph: Graph, points: np.ndarray, k: int = K, *, sample: int = _SAMPLE, seed: int = 0
) -> Quality:
    """Above `sample` pictures, trustworthiness is measured on as many drawn at random. NotApplicable: too few."""
    n = len(table)
    k = min(k, graph.k, (n - 1) // 2)
    if k < 1:
        raise NotApplicable(f"The quality of a map needs at least 3 pictures; this table has {n}.")
    near = _others(points, k)
    shared = [len(np.intersect1d(a, b)) for a, b in zip(near, graph.rows[:, :k], strict=True)]
    rows = np.arange(n) if n <= sample else np.sort(np.random.default_rng(seed).choice(n, sample, replace=False))
    labelled = bool((table.labels >= 0).any())
    return Quality(
        k=k,
        trustworthiness=_trustworthiness(table.vectors, near, rows, k),
        kept=float(np.mean(shared)) / k,
        accuracy_space=knn_accuracy(graph.rows[:, :k], table.labels) if labelled else None,
        accuracy_map=knn_accuracy(near, table.labels) if labelled else None,
        sampled=len(rows),
        total=n,
    )


def knn_accuracy(rows: np.ndarray, labels: np.ndarray) -> float:
    """Share of the labelled pictures with whom most of their neighbours (n, k) agree; the nearer one parts a tie."""
    votes = labels[rows]
    own = np.flatnonzero(labels >= 0)
    nearer = np.linspace(1, 0.99, rows.shape[1])  # only to part equal votes
    counts = np.zeros((len(own), int(labels.max(initial=0)) + 1))
    for column in range(rows.shape[1]):
        known = votes[own, column] >= 0
        np.add.at(counts, (np.flatnonzero(known), votes[own, column][known]), nearer[column])
    return float(np.mean(counts.argmax(1) == labels[own]))


@dataclass(frozen=True)
class Agreement:
    """share: of the neighbours that are of a picture's own kind, [0, 1]. chance: the same among all pictures."""

    share: float
    chance: float


def agreement(rows: np.ndarray, kinds: np.ndarray) -> Agreement | None:
    """Whether neighbours, int (n, k), are of one kind, int (n,), negative for unknown; None with fewer than two kinds.

    Kinds that have nothing to do with the question, such as the source of a picture, should agree by chance only.
    """
    counts = np.bincount(kinds[kinds >= 0])
    known = int(counts.sum())
    if (counts > 0).sum() < 2:
        return None
    own, near = kinds[:, None], kinds[rows]
    both = (own >= 0) & (near >= 0)
    if not both.any():
        return None
    same = float((both & (own == near)).sum() / both.sum())
    return Agreement(same, float((counts * (counts - 1.0)).sum() / (known * (known - 1.0))))


def _others(points: np.ndarray, k: int) -> np.ndarray:
    """The k nearest others of each point, int64 (n, k)."""
    found: np.ndarray = cKDTree(points).query(points, k + 1)[1]
    itself = found == np.arange(len(points))[:, None]
    itself[~itself.any(1), -1] = True  # equal points crowded it out
    others: np.ndarray = found[~itself].reshape(len(points), k)
    return others


def _trustworthiness(vectors: np.ndarray, near: np.ndarray, rows: np.ndarray, k: int) -> float:
    """Penalty for each map neighbour: by how much its rank in the original space exceeds k."""
    n, penalty = len(vectors), 0.0
    parts = blocks(n, vectors.shape[1])
    centre = (sum(vectors[part].sum(0, dtype=np.float64) for part in parts) / n).astype(np.float32)
    lengths = np.concatenate([np.square(vectors[part] - centre).sum(1) for part in parts])
    for start in range(0, len(rows), _QUERIES):
        some = rows[start : start + _QUERIES]
        # In the order of the distances; around the mean, as far from zero float32 products cancel.
        scores = lengths / 2 - (vectors[some] - centre) @ vectors.T
        scores[np.arange(len(some)), some] = -np.inf  # the picture itself has rank 0
        for own, strangers in zip(scores, near[some], strict=True):
            ranks = (own < own[strangers][:, None]).sum(1)
            penalty += float(np.maximum(ranks - k, 0).sum())
    return 1 - 2 * penalty / (len(rows) * k * (2 * n - 3 * k - 1))
