"""Maps of a table: every picture as a point of a plane or of space; of a large one a preview.

Of a preview some pictures are laid out, and every other is put beside the one that it is most like.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from xai_core.embedding.distances import blocks, check_finite
from xai_core.errors import NotApplicable, SettingError
from xai_core.types import FeatureTable

Place = Callable[[np.ndarray], np.ndarray]
FEWEST = 5
LANDMARKS = 20_000
_JITTER = 0.3  # of the typical distance between landmarks on the map


@dataclass(frozen=True, eq=False)
class Projection:
    """points: float32 (n, dims). settings: all that repeats it. place: vectors (m, d) to where they fall, (m, dims)."""

    method: str
    points: np.ndarray
    place: Place
    settings: Mapping[str, object] = field(default_factory=dict)


def check_map(table: FeatureTable, dims: int) -> None:
    """SettingError: a map has two or three dimensions. NotApplicable: too few pictures, or vectors are not finite."""
    if dims not in (2, 3):
        raise SettingError(f"A map has 2 or 3 dimensions, not {dims}.")
    if len(table) < FEWEST:
        raise NotApplicable(f"A map needs at least {FEWEST} pictures; this table has {len(table)}.")
    check_finite(table.vectors)


def landmark_map(
    table: FeatureTable, lay_out: Callable[[FeatureTable], Projection], *, count: int = LANDMARKS, seed: int = 0
) -> Projection:
    """`lay_out` makes a map of `count` pictures; the others stand near their nearest landmark, never between several.

    Weighted means of several landmarks would fill the gaps between clusters. settings["landmarks"] says how many.
    """
    n = len(table)
    if n <= count:
        return lay_out(table)
    random = np.random.default_rng(seed)
    chosen = np.sort(random.choice(n, count, replace=False))
    laid_out = lay_out(landmark_table(table, chosen))
    points = laid_out.points[_nearest_landmark(table.vectors, chosen)]
    spread = _JITTER * _typical_gap(laid_out.points)
    points = points + random.normal(0, spread, points.shape).astype(np.float32)
    points[chosen] = laid_out.points
    return replace(laid_out, points=points, settings={**laid_out.settings, "landmarks": count, "landmark_seed": seed})


def landmark_table(table: FeatureTable, rows: np.ndarray) -> FeatureTable:
    """Some rows of a table as one of its own, in memory; names and small pictures stay behind."""
    columns = ("vectors", "items", "labels", "predictions", "probabilities", "runners_up", "runner_up_probabilities")
    taken: dict[str, Any] = {name: np.asarray(getattr(table, name)[rows]) for name in (*columns, "losses")}
    return replace(table, **taken, names=(), thumbnails=(), image_digests=(), folder=None)


def _nearest_landmark(vectors: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """For each row of the table the number of its nearest landmark, int64 (n,)."""
    import faiss

    landmarks = np.ascontiguousarray(vectors[chosen], np.float32)
    centre = landmarks.mean(0, dtype=np.float64).astype(np.float32)  # float32 products cancel far from zero
    found = np.empty(len(vectors), np.int64)
    index = faiss.IndexFlatL2(vectors.shape[1])
    index.add(landmarks - centre)
    for part in blocks(len(vectors), vectors.shape[1]):
        found[part] = index.search(np.ascontiguousarray(vectors[part]) - centre, 1)[1][:, 0]
    return found


def _typical_gap(points: np.ndarray) -> float:
    """What would part two neighbours if the points were spread evenly."""
    widths = points.max(0) - points.min(0)
    return math.pow(float(np.prod(widths.astype(np.float64)) / len(points)), 1 / points.shape[1])
