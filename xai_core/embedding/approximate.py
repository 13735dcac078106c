"""Nearest rows of a table too large to measure each: a FAISS index finds candidates, the vectors put them in order.

Inverted lists over vectors of one byte a number (Jegou et al. 2011): a tenth of the memory, and only a few lists are
read for a query. How many is found by measuring the recall on rows of the table.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xai_core.durable import Damaged, check_seal, keep, place_of, read_sealed
from xai_core.embedding.distances import Metric, Nearest, Searchable, blocks, centred, check_k, exact_distances, nearest
from xai_core.types import ProgressCallback

if TYPE_CHECKING:
    import faiss

WANTED_RECALL = 0.97
_SAMPLE = 100
_A_LIST = 40  # rows to train on for each list; fewer make FAISS warn
_EXTRA = 4  # candidates for each neighbour wanted


@dataclass(frozen=True, eq=False)
class Approximate:
    """recall: share of the true ten nearest rows found, measured on `sampled` rows. lists: how many a query reads."""

    base: Searchable
    metric: Metric
    index: faiss.IndexIVF
    lists: int
    recall: float
    sampled: int


def build_approximate(
    base: Searchable, metric: Metric = "l2", *, seed: int = 0, on_progress: ProgressCallback | None = None
) -> Approximate:
    """Train and fill the index. Needs a quarter of the vectors' memory; on_progress(rows, n) may raise to stop."""
    import faiss  # takes a second, and only large tables need it

    n, d = base.vectors.shape
    random = np.random.default_rng(seed)
    lists = int(np.clip(2 * np.sqrt(n), 1, max(1, n // 39)))
    index: Any = faiss.index_factory(d, f"IVF{lists},SQ8")
    training = np.sort(random.choice(n, min(n, _A_LIST * lists), replace=False))
    index.cp.seed = seed
    index.cp.niter = 6
    index.train(_prepared(base, training, metric))
    for part in blocks(n, d):
        index.add(_prepared(base, np.arange(part.start, part.stop), metric))
        if on_progress is not None:
            on_progress(part.stop, n)
    return _tuned(base, metric, index, np.sort(random.choice(n, min(n, _SAMPLE), replace=False)))


def nearest_approximately(found: Approximate, queries: np.ndarray, k: int) -> Nearest:
    """The k nearest rows of each query, float (q, d), among the candidates; their distances are exact.

    A row that the lists did not lead to is missing: rows -1 and distance infinity where fewer than k were found.
    """
    check_k(k, len(found.base.vectors))
    given = np.atleast_2d(np.asarray(queries, np.float32))
    candidates = search_candidates(found, given, k * _EXTRA)
    return in_order(found.base, given, candidates, k, found.metric)


def in_order(base: Searchable, queries: np.ndarray, candidates: np.ndarray, k: int, metric: Metric) -> Nearest:
    """The k nearest of the candidates int64 (q, more), -1 for none, measured exactly."""
    rows = np.full((len(queries), k), -1, np.int64)
    distances = np.full((len(queries), k), np.inf)
    for part in blocks(len(queries), candidates.shape[1] * base.vectors.shape[1] * 4):
        some = candidates[part]
        measured = exact_distances(base.vectors[np.maximum(some, 0)], queries[part][:, None], metric)
        measured[some < 0] = np.inf
        order = np.argsort(measured, axis=1, kind="stable")[:, :k]
        rows[part, : order.shape[1]] = np.take_along_axis(some, order, 1)
        distances[part, : order.shape[1]] = np.take_along_axis(measured, order, 1)
    return Nearest(rows, distances)


def in_candidate_order(
    base: Searchable, rows: np.ndarray, candidates: np.ndarray, k: int, metric: Metric
) -> tuple[np.ndarray, np.ndarray]:
    """For rows (q,) of the table itself the k nearest candidates int32 (q, k) and distances float32 (q, k).

    In float32, from differences, which is all that a graph keeps; where too few were found the last one stands again.
    """
    queries = np.asarray(base.vectors[rows])
    others = base.vectors[np.maximum(candidates, 0)]
    if metric == "l2":
        others -= queries[:, None]
        measured = np.sqrt(np.einsum("qkd,qkd->qk", others, others))
    else:
        lengths = base.norms[np.maximum(candidates, 0)] * base.norms[rows][:, None]
        products = np.einsum("qkd,qd->qk", others, queries, dtype=np.float64)
        measured = (1 - products / np.maximum(lengths, 1e-300)).astype(np.float32)
    measured[candidates < 0] = np.inf
    order = np.argsort(measured, axis=1, kind="stable")[:, :k]
    counts = (np.take_along_axis(candidates, order, 1) >= 0).sum(1)
    order = np.take_along_axis(order, np.minimum(np.arange(k), np.maximum(counts, 1)[:, None] - 1), 1)
    return np.take_along_axis(candidates, order, 1).astype(np.int32), np.take_along_axis(measured, order, 1)


def search_candidates(found: Approximate, queries: np.ndarray, count: int) -> np.ndarray:
    """int64 (q, count), the rows that the index takes for the nearest; -1 where its lists held no more."""
    import faiss

    parameters: Any = faiss.SearchParametersIVF(nprobe=found.lists)  # type: ignore[call-arg]
    return found.index.search(centred(found.base, queries, found.metric), count, params=parameters)[1]


def save_approximate(found: Approximate, path: Path | None) -> None:
    """Two files: the index, and beside it what was measured."""
    import faiss

    facts = {"lists": found.lists, "recall": found.recall, "sampled": found.sampled, "metric": found.metric}
    if path is not None and keep(path, lambda file: file.write(faiss.serialize_index(found.index).data)):
        keep(path.with_suffix(".json"), lambda file: file.write(json.dumps(facts).encode()))


def load_approximate(base: Searchable, path: Path) -> Approximate:
    """Damaged; OSError: there is none."""
    told = path.with_suffix(".json")
    facts: dict[str, Any] = json.loads(read_sealed(told, place_of(told)))
    check_seal(path, place_of(path))
    import faiss

    index: Any = faiss.read_index(str(path))
    if (index.ntotal, index.d) != base.vectors.shape or not 0 <= facts["recall"] <= 1:
        raise Damaged("An index does not belong to its table.")
    return Approximate(base, index=index, **facts)


def _tuned(base: Searchable, metric: Metric, index: faiss.IndexIVF, rows: np.ndarray) -> Approximate:
    """Read twice as many lists until the recall is good; the sampled rows themselves do not count."""
    queries = np.asarray(base.vectors[rows])
    k = min(11, len(base.vectors))
    truth = nearest(base, queries, k, metric).rows
    tried = Approximate(base, metric, index, 4, -1.0, len(rows))
    while tried.recall < 0 or (tried.recall < WANTED_RECALL and tried.lists < index.nlist):
        tried = replace(tried, lists=2 * tried.lists)
        found = nearest_approximately(tried, queries, k).rows
        hits = [len(set(a) & set(b) - {row}) for a, b, row in zip(found, truth, rows, strict=True)]
        tried = replace(tried, recall=float(np.mean(hits)) / max(1, k - 1))
    return tried


def _prepared(base: Searchable, rows: np.ndarray, metric: Metric) -> np.ndarray:
    return np.ascontiguousarray(centred(base, np.asarray(base.vectors[rows]), metric))
