"""New pictures on a t-SNE map that stays: neighbours pull them, all points push them (Policar et al. 2023).

The same steps as openTSNE's, but for one picture at a time every force is summed directly, which takes milliseconds
and needs nothing but the points and the neighbours.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from xai_core.embedding.neighbours import Index, neighbours

PERPLEXITY, NEIGHBOURS = 5.0, 15
_START = 10  # the median of so many neighbours is where a picture begins
_STEPS, _RATE, _MOMENTUM, _EXAGGERATION, _MOST_FORCE = 100, 0.1, 0.8, 1.5, 0.25
_REPELLING = 20_000  # of a larger map as many points stand for all: only the ratio of two sums over them counts


def placer(points: np.ndarray, index: Index) -> Callable[[np.ndarray], np.ndarray]:
    """A function from vectors (m, d) to where they fall on the map of `points` (n, dims): float32 (m, dims)."""
    some = np.linspace(0, len(points) - 1, min(_REPELLING, len(points))).astype(int)
    repelling = np.ascontiguousarray(points[some].T, np.float32)

    def place(vectors: np.ndarray) -> np.ndarray:
        given = np.atleast_2d(np.asarray(vectors, np.float32))
        found = neighbours(index, given, min(NEIGHBOURS, len(points)))
        pulls = zip(found.rows, found.distances, strict=True)
        return np.stack([_placed(points[rows], distances, repelling) for rows, distances in pulls])

    return place


def _placed(near: np.ndarray, distances: np.ndarray, repelling: np.ndarray) -> np.ndarray:
    weights = _EXAGGERATION * affinities(distances, min(PERPLEXITY, len(distances) / 3))
    near = near.astype(np.float64)
    at: np.ndarray = np.median(near[:_START], axis=0)
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
