"""Pictures worth a look: labels that seem wrong, strangers, what lies between classes, and near copies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from xai_core.embedding.distances import blocks, exact_distances
from xai_core.embedding.graph import Graph
from xai_core.embedding.neighbours import Index, neighbours
from xai_core.errors import NotApplicable, SettingError
from xai_core.types import FeatureTable

VOTERS = 15
NEAR = 10
USUAL = 5000  # pictures that show how far apart neighbours usually are
SHARE = 0.15  # of the usual distance to the nearest picture


@dataclass(frozen=True, eq=False)
class ConfusedPair:
    """first, second: indices of the classes. share: of the pictures of either, what goes to the other, in [0, 1].

    between: int64 rows of pictures of either class that could be both, the least decided first.
    """

    first: int
    second: int
    share: float
    between: np.ndarray


def label_doubt(table: FeatureTable, held: np.ndarray) -> np.ndarray:
    """1 - p[label] of a classifier that has not learned from the picture, float32 (n,); NaN without a label.

    held: as `held_out` gives it, float32 (n, n_classes).
    """
    own = held[np.arange(len(table)), np.maximum(table.labels, 0)]
    return np.where(table.labels >= 0, 1 - own, np.nan).astype(np.float32)


def neighbour_disagreement(table: FeatureTable, graph: Graph, k: int = VOTERS) -> np.ndarray:
    """Share of the k nearest pictures with another label, float32 (n,); NaN without a label or a neighbour with one."""
    votes = table.labels[graph.rows[:, :k]]
    known = (votes >= 0).sum(1)
    other = ((votes >= 0) & (votes != table.labels[:, None])).sum(1)
    judged = (table.labels >= 0) & (known > 0)
    return np.where(judged, other / np.maximum(known, 1), np.nan).astype(np.float32)


def outlier_scores(table: FeatureTable, graph: Graph, k: int = NEAR, *, rows: np.ndarray | None = None) -> np.ndarray:
    """Mean cosine distance to the k nearest pictures by angle among the graph's, float32 (n,), or of some rows.

    Angles find strangers better than L2, whose distances grow with the strength of the activations.
    """
    requested = np.arange(len(table)) if rows is None else rows
    scores = np.empty(len(requested), np.float32)
    for part in blocks(len(requested), 4 * graph.k * table.vectors.shape[1]):
        some = requested[part]
        others = table.vectors[graph.rows[some]]
        distances = exact_distances(others, table.vectors[some][:, None], "cosine")
        scores[part] = np.sort(distances, axis=1)[:, :k].mean(1)
    return scores


def usual_distances(table: FeatureTable, graph: Graph, *, most: int = USUAL) -> np.ndarray:
    """The outlier scores of at most `most` pictures, evenly from the table, ascending: what `strangeness` compares."""
    rows = np.linspace(0, len(table) - 1, min(most, len(table))).astype(int)
    return np.sort(outlier_scores(table, graph, rows=rows))


def strangeness(usual: np.ndarray, index: Index, vectors: np.ndarray, k: int = NEAR) -> np.ndarray:
    """For new vectors (m, d) the share of the table's pictures that lie closer to their neighbours, float64 (m,).

    usual: as `usual_distances` gives it. index: by cosine, as a stranger may activate little and so be near to all by
    L2. Above .99 a picture is farther from everything than nearly all pictures of the table are.
    """
    if index.metric != "cosine":
        raise SettingError("Strangers are told by angle; give an index by cosine.")
    found = neighbours(index, np.atleast_2d(vectors), min(k, len(index.base.vectors))).distances.mean(1)
    share: np.ndarray = np.searchsorted(usual, found) / len(usual)
    return share


def boundary_margins(table: FeatureTable) -> np.ndarray:
    """By how much the predicted class leads the next in probability, float32 (n,): the smallest lie at the boundary."""
    margins: np.ndarray = table.probabilities - table.runner_up_probabilities
    return margins


def confused_pairs(table: FeatureTable, held: np.ndarray, most: int = 20, images: int = 12) -> tuple[ConfusedPair, ...]:
    """The classes that are hardest to tell apart, the hardest first. NotApplicable: without two classes."""
    labels, p = table.labels, held
    classes = p.shape[1]
    if classes < 2:
        raise NotApplicable("Classes can be confused where there are two or more; this data set has fewer.")
    sums = np.zeros((classes, classes))
    judged = (labels >= 0) & np.isfinite(p[:, 0])
    np.add.at(sums, labels[judged], p[judged])
    sizes = np.bincount(labels[judged], minlength=classes)
    shares = (sums + sums.T) / np.maximum(sizes[:, None] + sizes[None], 1)
    pairs = sorted(((shares[a, b], a, b) for a in range(classes) for b in range(a + 1, classes)), reverse=True)[:most]
    return tuple(ConfusedPair(a, b, float(share), _between(labels, p, judged, a, b, images)) for share, a, b in pairs)


def _between(labels: np.ndarray, p: np.ndarray, judged: np.ndarray, a: int, b: int, most: int) -> np.ndarray:
    """Pictures of either class for which the two are the likeliest answers, those most evenly split first."""
    rows = np.flatnonzero(judged & ((labels == a) | (labels == b)))
    return rows[np.argsort(-np.minimum(p[rows, a], p[rows, b]), kind="stable")[:most]]


@dataclass(frozen=True)
class Duplicates:
    """rows: pictures that belong together. distance: the largest on the way from one to the next.

    identical: their pixels are the same. across: they carry different labels, of which at most one is right.
    """

    rows: tuple[int, ...]
    distance: float
    identical: bool
    across: bool


def near_duplicates(table: FeatureTable, graph: Graph, share: float = SHARE) -> tuple[Duplicates, ...]:
    """Groups of pictures that the network can hardly tell apart, those across classes first, then the closest.

    Near is below `share` of the median distance to the nearest picture, among the graph's neighbours.
    """
    n = len(table)
    usual = float(np.median(graph.distances[:, 0])) if graph.k else 0.0
    near = graph.distances <= share * usual
    ends, starts = graph.rows[near], np.repeat(np.arange(n), near.sum(1))
    lengths = graph.distances[near]
    _, group = connected_components(coo_array((np.ones(len(ends)), (starts, ends)), (n, n)), directed=False)
    members = np.flatnonzero(np.bincount(group, minlength=n)[group] > 1)
    order = members[np.argsort(group[members], kind="stable")]
    found = []
    for rows in np.split(order, np.flatnonzero(np.diff(group[order])) + 1) if len(order) else []:
        labels = set(table.labels[rows].tolist()) - {-1}
        digests = {table.image_digests[int(row)] for row in rows}
        longest = float(lengths[group[starts] == group[rows[0]]].max())
        found.append(Duplicates(tuple(rows.tolist()), longest, len(digests) == 1, len(labels) > 1))
    return tuple(sorted(found, key=lambda one: (not one.across, one.distance)))
