"""Maps of a table: every picture as a point of a plane or of space, by one of three methods. A new one is one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from xai_core.embedding.distances import check_finite
from xai_core.errors import NotApplicable, SettingError
from xai_core.types import FeatureTable

Place = Callable[[np.ndarray], np.ndarray]
FEWEST = 5


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
