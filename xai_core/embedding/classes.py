"""The classes of a table as places among the vectors: their centres, and how far each picture is from its own."""

from dataclasses import dataclass

import numpy as np

from xai_core.embedding.distances import Metric, blocks, exact_distances
from xai_core.types import FeatureTable


@dataclass(frozen=True, eq=False)
class Centres:
    """vectors: float64 (n_classes, d), NaN for an empty class. rows: the picture nearest to each, -1 for none."""

    vectors: np.ndarray
    rows: np.ndarray


def class_centres(table: FeatureTable) -> Centres:
    """The mean vector of each class, and the picture that shows it best."""
    classes = len(table.class_names)
    sums = np.zeros((classes, table.vectors.shape[1]))
    for part in blocks(len(table), table.vectors.shape[1]):
        known = table.labels[part] >= 0
        np.add.at(sums, table.labels[part][known], table.vectors[part][known])
    sizes = np.bincount(table.labels[table.labels >= 0], minlength=classes)
    with np.errstate(invalid="ignore"):
        means = sums / sizes[:, None]
    distances = own_class_distances(table, means, "l2")
    rows = np.full(classes, -1, np.int64)
    for label in np.flatnonzero(sizes):
        members = np.flatnonzero(table.labels == label)
        rows[label] = members[distances[members].argmin()]
    return Centres(means, rows)


def own_class_distances(table: FeatureTable, centres: np.ndarray, metric: Metric = "cosine") -> np.ndarray:
    """Distance of each picture to the centre (n_classes, d) of its own class, float64 (n,); NaN without a label."""
    distances = np.full(len(table), np.nan)
    for part in blocks(len(table), 4 * table.vectors.shape[1]):
        known = np.flatnonzero(table.labels[part] >= 0) + part.start
        distances[known] = exact_distances(table.vectors[known], centres[table.labels[known]], metric)
    return distances
