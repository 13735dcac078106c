"""Exact nearest rows of a memory map: a fast product finds the candidates, float64 puts them in order."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from xai_core.errors import NotApplicable, SettingError

Metric = Literal["l2", "cosine"]
_BLOCK_BYTES = 64_000_000  # of vectors or of scores at a time
_SHORTEST = 1e-30  # of a vector that has a direction


@dataclass(frozen=True, eq=False)
class Searchable:
    """vectors: float32 (n, d), may be a memory map. norms: float64 (n,), their lengths.

    centre: float32 (d,), their mean; direction: float32 (d,), the mean of the vectors brought to length 1.
    """

    vectors: np.ndarray
    norms: np.ndarray
    centre: np.ndarray
    direction: np.ndarray


@dataclass(frozen=True, eq=False)
class Nearest:
    """rows: int64 (q, k), nearest first. distances: float64 (q, k): L2, or 1 - cosine."""

    rows: np.ndarray
    distances: np.ndarray


def searchable(vectors: np.ndarray) -> Searchable:
    """Reads all vectors, a block at a time. NotApplicable: some hold numbers that are not finite."""
    check_finite(vectors)
    n, d = vectors.shape
    norms, centre, direction = np.empty(n), np.zeros(d), np.zeros(d)
    for part in blocks(n, d):
        block = np.asarray(vectors[part], np.float64)
        norms[part] = np.sqrt(np.einsum("nd,nd->n", block, block))
        centre += block.sum(0)
        direction += (1 / np.maximum(norms[part], _SHORTEST)) @ block
    return Searchable(vectors, norms, *((total / max(1, n)).astype(np.float32) for total in (centre, direction)))


def check_finite(vectors: np.ndarray) -> None:
    """NotApplicable: some of the vectors (n, d) hold numbers that are not finite."""
    n = len(vectors)
    parts = blocks(n, vectors.shape[1])
    wrong = [row for part in parts for row in part.start + np.flatnonzero(~np.isfinite(vectors[part]).all(1))]
    if wrong:
        raise NotApplicable(
            f"{len(wrong)} of {n} vectors hold numbers that are not finite (NaN or infinity), the first in row "
            f"{wrong[0]}: leave these pictures out, or choose another layer."
        )


def centred(base: Searchable, vectors: np.ndarray, metric: Metric) -> np.ndarray:
    """Vectors (m, d) shifted, float32 (m, d), so that L2 between them orders as the metric does between the table's.

    Around their mean float32 products lose nothing; far from zero they cancel. For cosine each is brought to length 1
    first, as the square of L2 is then twice the distance.
    """
    moved = np.empty(vectors.shape, np.float32)
    if metric == "l2":
        np.subtract(vectors, base.centre, out=moved)
        return moved
    for part in blocks(len(vectors), vectors.shape[1]):
        block = np.asarray(vectors[part], np.float64)
        lengths = np.linalg.norm(block, axis=1, keepdims=True)
        moved[part] = block / np.maximum(lengths, _SHORTEST) - base.direction
    return moved


def blocks(n: int, width: int) -> list[slice]:
    """Parts of n rows of `width` float32 that fit in memory together with a copy."""
    step = max(1, _BLOCK_BYTES // (8 * max(1, width)))
    return [slice(start, min(start + step, n)) for start in range(0, n, step)]


def check_k(k: int, n: int) -> None:
    if not 1 <= k <= n:
        raise SettingError(f"{k} neighbours were asked for; between 1 and {n} can be found.")


def check_metric(metric: str) -> None:
    if metric not in ("l2", "cosine"):
        raise SettingError(f"Distances are l2 or cosine, not '{metric}'.")


def nearest(base: Searchable, queries: np.ndarray, k: int, metric: Metric = "l2") -> Nearest:
    """The k nearest rows of each query, float (q, d), exactly: whoever could be among them is measured in float64.

    Equal distances stand in the order of their rows. SettingError: k or the metric.
    """
    check_k(k, len(base.vectors))
    check_metric(metric)
    found = [_nearest_one(base, np.asarray(query, np.float32), k, metric) for query in np.atleast_2d(queries)]
    return Nearest(np.stack([rows for rows, _ in found]), np.stack([distances for _, distances in found]))


def _nearest_one(base: Searchable, query: np.ndarray, k: int, metric: Metric) -> tuple[np.ndarray, np.ndarray]:
    length = float(np.linalg.norm(query.astype(np.float64)))
    products = base.vectors @ query
    if metric == "l2":
        scores = (base.norms**2 / 2).astype(np.float32) - products
    else:
        scores = -products / np.maximum(base.norms * max(length, 1e-30), 1e-30).astype(np.float32)
    kth = np.partition(scores, k - 1)[k - 1]
    size = 1.0 if metric == "cosine" else float(base.norms.max(initial=0)) * (length + float(base.norms.max(initial=0)))
    slack = 8 * np.finfo(np.float32).eps * np.sqrt(len(query)) * size  # what rounding may have done to both sides
    near = np.flatnonzero(scores <= kth + slack)
    distances = np.empty(len(near))
    for part in blocks(len(near), 4 * len(query)):  # far from zero rounding may leave all of them
        distances[part] = exact_distances(np.asarray(base.vectors[near[part]]), query[None], metric)
    order = np.argsort(distances, kind="stable")[:k]
    return near[order], distances[order]


def exact_distances(rows: np.ndarray, queries: np.ndarray, metric: Metric) -> np.ndarray:
    """Distances in float64 between rows (..., d) and queries (..., d), which broadcast."""
    a, b = rows.astype(np.float64), queries.astype(np.float64)
    if metric == "l2":
        return np.asarray(np.sqrt(((a - b) ** 2).sum(-1)))
    lengths = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    return np.asarray(1 - (a * b).sum(-1) / np.maximum(lengths, 1e-300))
