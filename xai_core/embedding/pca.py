"""Principal components: the directions in which vectors differ most; a shadow, whose distances still mean something."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.linalg import eigh

from xai_core.embedding.distances import blocks
from xai_core.embedding.projection import Projection, check_map
from xai_core.types import FeatureTable, ProgressCallback


@dataclass(frozen=True, eq=False)
class Components:
    """mean: float64 (d,). axes: float64 (k, d), orthonormal, widest first. shares: of the variance, float64 (k,)."""

    mean: np.ndarray
    axes: np.ndarray
    shares: np.ndarray


def pca_map(table: FeatureTable, dims: int = 2, *, on_progress: ProgressCallback | None = None) -> Projection:
    """The map by the first principal components; always the same, and new pictures fall in place exactly."""
    check_map(table, dims)
    found = components(table.vectors, dims, on_progress)
    place = partial(coordinates, found)
    settings = {"dims": dims, "variance": [round(float(share), 4) for share in found.shares]}
    return Projection("pca", place(table.vectors), place, settings)


def components(vectors: np.ndarray, count: int, on_progress: ProgressCallback | None = None) -> Components:
    """The first `count` of (n, d), or fewer where d has no more, from a covariance that is summed up block by block."""
    n, d = vectors.shape
    mean = sum(vectors[part].sum(0, dtype=np.float64) for part in blocks(n, d)) / n
    covariance = np.zeros((d, d))
    for part in blocks(n, d):
        centred = vectors[part] - mean.astype(np.float32)
        covariance += centred.T @ centred
        if on_progress is not None:
            on_progress(part.stop, n)
    count = min(count, d)
    values, axes = eigh(covariance, subset_by_index=[d - count, d - 1])
    axes = axes.T[::-1]
    signs = np.sign(
        axes[np.arange(count), np.abs(axes).argmax(1)]
    )  # an axis has no direction: its longest part is positive
    total = max(float(np.trace(covariance)), 1e-300)
    return Components(mean, axes * signs[:, None], np.maximum(values[::-1], 0) / total)


def coordinates(found: Components, vectors: np.ndarray) -> np.ndarray:
    """float32 (m, k) of vectors (m, d)."""
    axes, mean = found.axes.T.astype(np.float32), found.mean.astype(np.float32)
    given = np.atleast_2d(vectors)
    points = np.empty((len(given), len(found.axes)), np.float32)
    for part in blocks(len(given), given.shape[1]):
        points[part] = (given[part] - mean) @ axes
    return points
