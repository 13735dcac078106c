"""The k nearest neighbours of every picture: computed once for the maps, the suspects and the quality figures."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from xai_core.durable import keep
from xai_core.embedding.approximate import in_candidate_order, search_candidates
from xai_core.embedding.distances import Metric, check_k, check_metric
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
    found = _load(path, metric)
    if found is None:
        found = _computed(table, k, metric, n <= EXACT_UP_TO if exact is None else exact, on_progress)
        kept, recall = found, np.float64(found.recall)
        keep(path, lambda file: np.savez(file, rows=kept.rows, distances=kept.distances, recall=recall))
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
    approximate, base = index.approximate, index.base
    if approximate is not None:
        return lambda rows: search_candidates(approximate, base.vectors[rows], count)
    import faiss  # its product and its selection are one loop, twice as fast as numpy's two

    vectors = np.ascontiguousarray(base.vectors, np.float32)
    if index.metric == "cosine":
        vectors = vectors / np.maximum(base.norms, 1e-30).astype(np.float32)[:, None]
    return lambda rows: faiss.knn(vectors[rows], vectors, count)[1]


def _load(path: Path | None, metric: Metric) -> Graph | None:
    if path is None or not path.exists():
        return None
    try:
        with path.open("rb") as bytes_, np.load(bytes_) as file:
            return Graph(file["rows"], file["distances"], metric, float(file["recall"]))
    except (OSError, EOFError, ValueError, KeyError, BadZipFile):
        return None
