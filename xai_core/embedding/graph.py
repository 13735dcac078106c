"""The k nearest neighbours of every picture: computed once for the maps, the suspects and the quality figures."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xai_core.durable import keep, kept
from xai_core.embedding.approximate import in_candidate_order, search_candidates
from xai_core.embedding.distances import Metric, Searchable, blocks, centred, check_k, check_metric, exact_distances
from xai_core.embedding.neighbours import Index, open_index
from xai_core.types import FeatureTable, ProgressCallback

K = 45  # three times the perplexity of the t-SNE maps
EXACT_UP_TO = 20_000
_QUERIES = 500  # between two looks at the progress
_IN_CACHE = 50  # rows whose candidates are measured at a time
_EXTRA = 4  # candidates beyond k, which rounding may have put in another order
_SLACK = 4  # times what rounding does to a float32 product on the average
_SAMPLE = 24  # pictures whose neighbours are measured against all, for the recall
_ROUNDED, _COSINE_ROUNDED = 1e-5, 1e-13  # what rounding does to a distance: as a share, and to 1 - cosine

Find = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, eq=False)
class Graph:
    """rows: int32 (n, k), each picture's nearest others, nearest first. distances: float32 (n, k).

    recall: share of the true neighbours found, measured on some pictures against all in float64. Where an index led to
    fewer than k, the last one found stands again.
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
        made, recall = found, np.float64(found.recall)
        keep(path, lambda file: np.savez(file, rows=made.rows, distances=made.distances, recall=recall))
    return found


def _computed(table: FeatureTable, k: int, metric: Metric, exact: bool, on_progress: ProgressCallback | None) -> Graph:
    n = len(table)
    index = open_index(table, metric, exact=exact)
    rows, distances = np.empty((n, k), np.int32), np.empty((n, k), np.float32)
    find = _finder(index, min(n, k + 1 + _EXTRA), k)
    for start in range(0, n, _QUERIES):
        part = np.arange(start, min(start + _QUERIES, n))
        rows[part], distances[part] = find(part)
        if on_progress is not None:
            on_progress(int(part[-1]) + 1, n)
    sample = np.random.default_rng(0).choice(n, min(n, _SAMPLE), replace=False)
    return Graph(rows, distances, metric, min(index.recall, _recall(index.base, metric, sample, distances[sample])))


def _recall(base: Searchable, metric: Metric, rows: np.ndarray, distances: np.ndarray) -> float:
    """The share of the distances (q, k) to what was found for rows (q,) that are among the k least, by float64."""
    if not distances.size:
        return 1.0
    hits = 0
    for row, found in zip(rows, distances, strict=True):
        apart = np.empty(len(base.vectors))
        for part in blocks(len(apart), 4 * base.vectors.shape[1]):
            apart[part] = exact_distances(base.vectors[part], base.vectors[row], metric)
        apart[row] = np.inf
        furthest = np.partition(apart, len(found) - 1)[len(found) - 1]
        hits += int((found <= furthest * (1 + _ROUNDED) + (_COSINE_ROUNDED if metric == "cosine" else 0)).sum())
    return hits / distances.size


def _finder(index: Index, count: int, k: int) -> Find:
    """A function from rows (q,) to their k nearest others, int32 and float32 (q, k). count: candidates for each."""
    if index.approximate is not None:
        approximate = index.approximate
        return lambda rows: _ordered(index, rows, search_candidates(approximate, index.base.vectors[rows], count), k)
    return _brute_force(index, count, k)


def _ordered(index: Index, rows: np.ndarray, candidates: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest among the candidates (q, count), of which each row itself may be one."""
    candidates[candidates == rows[:, None]] = -1
    parts = np.split(np.arange(len(rows)), range(_IN_CACHE, len(rows), _IN_CACHE))
    found = [in_candidate_order(index.base, rows[some], candidates[some], k, index.metric) for some in parts]
    return np.concatenate([one for one, _ in found]), np.concatenate([one for _, one in found])


def _brute_force(index: Index, count: int, k: int) -> Find:
    """By products in float32, and by products in float64 where what these round could have hidden a neighbour."""
    import faiss  # its product and its selection are one loop, twice as fast as numpy's two

    base, metric = index.base, index.metric
    vectors = centred(base, base.vectors, metric)
    halves = np.square(vectors, dtype=np.float64).sum(1) / 2
    slack = _SLACK * np.finfo(np.float32).eps * np.sqrt(vectors.shape[1]) * 4 * float(halves.max(initial=0))

    def find(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        squares, candidates = faiss.knn(vectors[rows], vectors, count)
        near, distances = _ordered(index, rows, candidates, k)
        if not k or count == len(vectors):
            return near, distances
        furthest = distances[:, -1].astype(np.float64)
        reach = furthest**2 if metric == "l2" else 2 * furthest
        doubtful = np.flatnonzero(reach > squares[:, -1] - slack)
        if len(doubtful):
            scores = halves - vectors[rows[doubtful]].astype(np.float64) @ vectors.T.astype(np.float64)
            closest = np.argpartition(scores, count - 1, axis=1)[:, :count]
            near[doubtful], distances[doubtful] = _ordered(index, rows[doubtful], closest, k)
        return near, distances

    return find


def _load(path: Path | None, metric: Metric, shape: tuple[int, int]) -> Graph | None:
    content = kept(path)
    if content is None:
        return None
    file = np.load(content)
    rows, distances, recall = file["rows"], file["distances"], float(file["recall"])
    right = rows.shape == distances.shape == shape and 0 <= recall <= 1
    right = right and bool(((rows >= 0) & (rows < len(rows))).all()) and bool(np.isfinite(distances).all())
    return Graph(rows, distances, metric, recall) if right else None
