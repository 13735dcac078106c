"""t-SNE: pictures that are neighbours lie together (van der Maaten & Hinton 2008), by FFT (Linderman et al. 2019)."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from xai_core.embedding.graph import Graph, knn_graph
from xai_core.embedding.neighbours import Index, neighbours, open_index
from xai_core.embedding.pca import components, coordinates
from xai_core.embedding.projection import Projection, check_map
from xai_core.types import FeatureTable, ProgressCallback

PERPLEXITY = 15.0
GATHER, SETTLE = 60, 200  # iterations in which clusters form, and in which they spread
_ONE_CORE_UP_TO = 5_000  # below, threads cost more than they give
_SPREAD = 1e-4  # of the first positions, as the method's authors use
_PLACING_PERPLEXITY, _PULLING = 5.0, 15  # of new pictures
_START_AMONG = 10  # the median of so many neighbours is where a picture begins
_STEPS, _RATE, _MOMENTUM, _EXAGGERATION, _MOST_FORCE = 100, 0.1, 0.8, 1.5, 0.25
_REPELLING = 20_000  # of a larger map as many points stand for all: only the ratio of two sums over them counts


@dataclass(frozen=True, eq=False)
class GraphIndex:
    """The neighbour graph in the shape that openTSNE asks for; new vectors are looked up in the table."""

    graph: Graph
    index: Index

    @property
    def k(self) -> int:
        return self.graph.k

    @property
    def n_samples(self) -> int:
        return len(self.graph.rows)

    def build(self) -> tuple[np.ndarray, np.ndarray]:
        return self.graph.rows.astype(np.int64), self.graph.distances.astype(np.float64)

    def query(self, query: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        found = neighbours(self.index, query, min(k, self.n_samples))
        return found.rows, found.distances


def tsne_map(
    table: FeatureTable,
    dims: int = 2,
    *,
    graph: Graph | None = None,
    seed: int = 0,
    perplexity: float = PERPLEXITY,
    on_progress: ProgressCallback | None = None,
) -> Projection:
    """The map of a table on its neighbour graph; the same seed and number of threads give it again to the bit.

    perplexity: about how many neighbours count. In 3-D by Barnes-Hut, which is slower. on_progress(iterations, all) may
    raise to stop, and is called at least twice a second.
    """
    check_map(table, dims)
    graph = graph or knn_graph(table, metric="l2")
    threads = 1 if len(table) <= _ONE_CORE_UP_TO else os.cpu_count() or 1
    perplexity = min(perplexity, graph.k / 3)
    with_graph = GraphIndex(graph, open_index(table, graph.metric))
    embedding = _prepared(table, with_graph, dims, seed, perplexity, threads)
    tell = _callback(len(table), on_progress)
    embedding = embedding.optimize(GATHER, exaggeration=12, momentum=0.8, learning_rate="auto", **tell(0))
    embedding = embedding.optimize(SETTLE, momentum=0.8, learning_rate="auto", **tell(GATHER))
    settings = {"dims": dims, "seed": seed, "perplexity": perplexity, "threads": threads, "metric": graph.metric}
    points = np.asarray(embedding, np.float32)
    return Projection("t-sne", points, placer(points, with_graph.index), settings)


def _prepared(table: FeatureTable, index: GraphIndex, dims: int, seed: int, perplexity: float, threads: int) -> Any:
    import openTSNE
    from openTSNE.affinity import PerplexityBasedNN

    affinities = PerplexityBasedNN(perplexity=perplexity, knn_index=index, n_jobs=threads)
    return openTSNE.TSNEEmbedding(
        _start(table.vectors, dims, seed),
        affinities,
        negative_gradient_method="fft" if dims == 2 else "bh",
        ints_in_interval=2,
        min_num_intervals=25,
        random_state=seed,
        n_jobs=threads,
    )


def _start(vectors: np.ndarray, dims: int, seed: int) -> np.ndarray:
    """The principal components made small, with a breath of noise that parts equal pictures."""
    points = np.zeros((len(vectors), dims))
    first = coordinates(components(vectors, dims), vectors)
    points[:, : first.shape[1]] = first
    scale = max(float(points[:, 0].std()), 1e-30)
    noise = np.random.default_rng(seed).normal(0, 0.01 * _SPREAD, points.shape)
    return points / scale * _SPREAD + noise


def _callback(n: int, on_progress: ProgressCallback | None) -> Callable[[int], dict[str, object]]:
    """Arguments for openTSNE, given how many iterations went before; each call costs one more look at the error."""
    if on_progress is None:
        return lambda _before: {}
    every = int(np.clip(200_000 // n, 1, 10))
    return lambda before: {
        "callbacks": lambda iteration, _error, _points: on_progress(before + iteration, GATHER + SETTLE),
        "callbacks_every_iters": every,
    }


def placer(points: np.ndarray, index: Index) -> Callable[[np.ndarray], np.ndarray]:
    """A function from vectors (m, d) to where they fall on the map of `points` (n, dims): float32 (m, dims).

    The map stays: neighbours pull a new picture, all points push it (Policar et al. 2023). The steps are openTSNE's,
    but for one picture at a time every force is summed directly, which takes milliseconds.
    """
    some = np.linspace(0, len(points) - 1, min(_REPELLING, len(points))).astype(int)
    repelling = np.ascontiguousarray(points[some].T, np.float32)

    def place(vectors: np.ndarray) -> np.ndarray:
        given = np.atleast_2d(np.asarray(vectors, np.float32))
        found = neighbours(index, given, min(_PULLING, len(points)))
        pulls = zip(found.rows, found.distances, strict=True)
        return np.stack([_placed(points[rows], distances, repelling) for rows, distances in pulls])

    return place


def _placed(near: np.ndarray, distances: np.ndarray, repelling: np.ndarray) -> np.ndarray:
    weights = _EXAGGERATION * affinities(distances, min(_PLACING_PERPLEXITY, len(distances) / 3))
    near = near.astype(np.float64)
    at: np.ndarray = np.median(near[:_START_AMONG], axis=0)
    step, gain = np.zeros_like(at), np.ones_like(at)
    for _ in range(_STEPS):
        force = _force(at, near, weights, repelling)
        force *= min(1.0, _MOST_FORCE / max(float(np.linalg.norm(force)), 1e-30))
        gain = np.maximum(np.where(np.sign(step) != np.sign(force), gain + 0.2, gain * 0.8), 0.01)
        step = _MOMENTUM * step - _RATE * gain * force
        at = at + step
    return np.asarray(at, np.float32)


def _force(at: np.ndarray, near: np.ndarray, weights: np.ndarray, repelling: np.ndarray) -> np.ndarray:
    """The gradient of the map's divergence for one point. repelling: float32 (dims, m), which is the faster order."""
    apart = at - near
    pulled = (weights / (1 + np.square(apart).sum(1))) @ apart
    apart = at.astype(np.float32)[:, None] - repelling
    likeness = np.square(apart[0])
    for axis in apart[1:]:
        likeness += np.square(axis)
    likeness += 1
    np.reciprocal(likeness, out=likeness)
    total = max(float(likeness.sum()), 1e-30)
    force: np.ndarray = pulled - (apart @ np.square(likeness, out=likeness)) / total
    return force


def affinities(distances: np.ndarray, perplexity: float) -> np.ndarray:
    """Gaussian weights (k,), which sum to 1, of a width at which as many neighbours count as the perplexity says."""
    squares = np.square(distances) - float(np.square(distances).min())
    low, high, wanted = 0.0, np.inf, np.log(max(perplexity, 1.0))
    beta = 1 / max(float(squares.mean()), 1e-30)
    for _ in range(60):
        weights: np.ndarray = np.exp(-beta * squares)
        weights /= weights.sum()
        entropy = -float(weights @ np.log(np.maximum(weights, 1e-300)))
        if abs(entropy - wanted) < 1e-5:
            break
        low, high = (beta, high) if entropy > wanted else (low, beta)
        beta = 2 * beta if np.isinf(high) else (low + high) / 2
    return weights
