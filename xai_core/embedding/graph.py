"""The k nearest neighbours of every picture: computed once for the maps, the suspects and the quality figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np

from xai_core.durable import Damaged, read_sealed
from xai_core.embedding.approximate import in_candidate_order, search_candidates
from xai_core.embedding.derived import keep, meaning_of
from xai_core.embedding.distances import Metric, Searchable, check_k, check_metric
from xai_core.embedding.neighbours import Index, open_index
from xai_core.types import FeatureTable, ProgressCallback

K = 45  # three times the perplexity of the t-SNE maps
EXACT_UP_TO = 20_000
_QUERIES = 500  # between two looks at the progress
_IN_CACHE = 50  # rows whose candidates are measured at a time
_EXTRA = 4  # candidates beyond k, which rounding may have put in another order


@dataclass(frozen=True, eq=False)
class Graph:
    """rows: int32 (n, k), each picture's nearest others, nearest first. distances: float32 (n, k).

    recall: share of the true neighbours found, 1.0 where all were measured. Where an index led to fewer than k, the
    last one found stands again.
    """

    rows: np.ndarray
    distances: np.ndarray
    metric: Metric
    recall: float

    @property
    def k(self) -> int:
        return int(self.rows.shape[1])


def knn_graph(
    table: FeatureTable,
    k: int = K,
    metric: Metric = "l2",
    *,
    on_progress: ProgressCallback | None = None,
    exact: bool | None = None,
) -> Graph:
    """The graph of a table, from its folder where it was computed before. At most n - 1 neighbours.

    exact: None: up to EXACT_UP_TO pictures. on_progress(rows, n) may raise to stop. SettingError: k or the metric.
    """
    check_metric(metric)
    n = len(table)
    check_k(k, max(n, k))
    k = min(k, n - 1)
    path = None if table.folder is None else table.folder / f"graph-{metric}-{k}.npz"
    found = _load(path, metric, (n, k))
    if found is None:
        found = _computed(table, k, metric, n <= EXACT_UP_TO if exact is None else exact, on_progress)
        _save(path, found)
    return found


def _computed(table: FeatureTable, k: int, metric: Metric, exact: bool, on_progress: ProgressCallback | None) -> Graph:
    n = len(table)
    index = open_index(table, metric, exact=exact)
    rows, distances = np.empty((n, k), np.int32), np.empty((n, k), np.float32)
    find = _finder(index, min(n, k + 1 + _EXTRA))
    for start in range(0, n, _QUERIES):
        part = np.arange(start, min(start + _QUERIES, n))
        candidates = find(part)
        candidates[candidates == part[:, None]] = -1
        for some in np.split(np.arange(len(part)), range(_IN_CACHE, len(part), _IN_CACHE)):
            own = part[some]
            rows[own], distances[own] = in_candidate_order(index.base, own, candidates[some], k, metric)
        if on_progress is not None:
            on_progress(int(part[-1]) + 1, n)
    return Graph(rows, distances, metric, index.recall)


def _finder(index: Index, count: int) -> Callable[[np.ndarray], np.ndarray]:
    """A function from rows (q,) to candidates int64 (q, count), in which the rows themselves may stand."""
    if index.approximate is not None:
        return lambda rows: search_candidates(index.approximate, index.base.vectors[rows], count)  # type: ignore[arg-type]
    return _brute_force(index.base, index.metric, count)


def _brute_force(base: Searchable, metric: Metric, count: int) -> Callable[[np.ndarray], np.ndarray]:
    import faiss  # its product and its selection are one loop, twice as fast as numpy's two

    vectors = np.ascontiguousarray(base.vectors, np.float32)
    if metric == "cosine":
        vectors = vectors / np.maximum(base.norms, 1e-30).astype(np.float32)[:, None]
    return lambda rows: faiss.knn(vectors[rows], vectors, count)[1]


def _save(path: Path | None, graph: Graph) -> None:
    recall = np.float64(graph.recall)
    keep(path, lambda file: np.savez(file, rows=graph.rows, distances=graph.distances, recall=recall))


def _load(path: Path | None, metric: Metric, shape: tuple[int, int]) -> Graph | None:
    if path is None or not path.exists():
        return None
    try:
        file = np.load(BytesIO(read_sealed(path, meaning_of(path))))
    except (OSError, Damaged):
        return None
    rows, distances, recall = file["rows"], file["distances"], float(file["recall"])
    right = rows.shape == distances.shape == shape and 0 <= recall <= 1
    right = right and bool(((rows >= 0) & (rows < len(rows))).all()) and bool(np.isfinite(distances).all())
    return Graph(rows, distances, metric, recall) if right else None
