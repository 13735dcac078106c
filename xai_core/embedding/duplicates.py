"""Pictures that the network cannot tell apart, or hardly: copies, crops, frames of one film."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from xai_core.embedding.graph import Graph
from xai_core.types import FeatureTable

SHARE = 0.15  # of the usual distance to the nearest picture
_FAR = 15  # a rank that copies rarely reach, and small classes do
_LEAST_DIMENSION = 2.0  # fewer means that copies reached the middle rank


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

    Near is below `share` of the usual distance to the nearest picture, among the graph's neighbours; pictures with the
    same pixels always belong together.
    """
    n = len(table)
    digests = np.unique(np.array(tuple(table.image_digests)), return_inverse=True)[1]
    near = graph.distances <= share * usual_nearest(graph)
    same = np.argsort(digests, kind="stable")
    same = same[np.flatnonzero(np.diff(digests[same]) == 0) + np.arange(2)[:, None]]  # each with the next of its pixels
    starts = np.concatenate([np.repeat(np.arange(n), near.sum(1)), same[0]])
    ends = np.concatenate([graph.rows[near], same[1]])
    lengths = np.concatenate([graph.distances[near], np.zeros(same.shape[1], np.float32)])
    _, group = connected_components(coo_array((np.ones(len(ends)), (starts, ends)), (n, n)), directed=False)
    longest = np.zeros(n, np.float32)
    np.maximum.at(longest, group[starts], lengths)
    members = np.flatnonzero(np.bincount(group, minlength=n)[group] > 1)
    order = members[np.argsort(group[members], kind="stable")]
    found = []
    for rows in np.split(order, np.flatnonzero(np.diff(group[order])) + 1) if len(order) else []:
        labels = set(table.labels[rows].tolist()) - {-1}
        identical = len(set(digests[rows].tolist())) == 1
        found.append(Duplicates(tuple(rows.tolist()), float(longest[group[rows[0]]]), identical, len(labels) > 1))
    return tuple(sorted(found, key=lambda one: (not one.across, one.distance)))


def usual_nearest(graph: Graph) -> float:
    """How far the nearest other picture usually is, as the far neighbours let expect it.

    The nearest ones themselves cannot say it: where many pictures have a copy, these are the copies. The number of
    pictures within a distance grows with a power of it, the intrinsic dimension (Levina & Bickel 2004), which the
    medians at two ranks tell; so does the distance within which there is one picture in half of the cases.
    """
    rank = min(_FAR, graph.k)
    if not rank:
        return 0.0
    middle = max(1, rank // 3)
    far, nearer = (float(np.median(graph.distances[:, at - 1])) for at in (rank, middle))
    if rank == middle or far <= 0:
        return far
    growth = np.log(far / nearer) if nearer > 0 else np.inf
    dimension = max(_LEAST_DIMENSION, np.log(rank / middle) / growth) if growth > 0 else np.inf
    return float(far * (np.log(2) / rank) ** (1 / dimension))
