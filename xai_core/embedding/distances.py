"""Exact nearest rows of a memory map: a fast product finds the candidates, float64 puts them in order."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from xai_core.errors import SettingError

Metric = Literal["l2", "cosine"]
_BLOCK_BYTES = 64_000_000  # of vectors or of scores at a time


@dataclass(frozen=True, eq=False)
class Searchable:
    """vectors: float32 (n, d), may be a memory map. norms: float64 (n,), their lengths."""

    vectors: np.ndarray
    norms: np.ndarray


@dataclass(frozen=True, eq=False)
class Nearest:
    """rows: int64 (q, k), nearest first. distances: float64 (q, k): L2, or 1 - cosine."""

    rows: np.ndarray
    distances: np.ndarray


def searchable(vectors: np.ndarray) -> Searchable:
    """Reads all vectors once, a block at a time."""
    norms = np.empty(len(vectors))
    for part in blocks(len(vectors), vectors.shape[1]):
        block = np.asarray(vectors[part], np.float64)
        norms[part] = np.sqrt(np.einsum("nd,nd->n", block, block))
    return Searchable(vectors, norms)


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
    distances = exact_distances(np.asarray(base.vectors[near]), query[None], metric)
    order = np.argsort(distances, kind="stable")[:k]
    return near[order], distances[order]


def exact_distances(rows: np.ndarray, queries: np.ndarray, metric: Metric) -> np.ndarray:
    """Distances in float64 between rows (..., d) and queries (..., d), which broadcast."""
    a, b = rows.astype(np.float64), queries.astype(np.float64)
    if metric == "l2":
        return np.asarray(np.sqrt(((a - b) ** 2).sum(-1)))
    lengths = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    return np.asarray(1 - (a * b).sum(-1) / np.maximum(lengths, 1e-300))
