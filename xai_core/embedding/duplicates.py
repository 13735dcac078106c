"""Pictures that the network cannot tell apart, or hardly: copies, crops, frames of one film."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from xai_core.embedding.graph import Graph
from xai_core.types import FeatureTable

SHARE = 0.15  # of the usual distance to the nearest picture


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
    """Groups of near copies, those across classes first, then the closest.

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
