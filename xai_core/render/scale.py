"""From raw signed maps to what may be drawn: one scale for what is shown together, and an honest "nothing here"."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

# Below this share of the map's own largest magnitude a positive value is rounding, not evidence.
_TOLERANCE = 1e-6


def has_evidence(raw: np.ndarray) -> bool:
    """Whether a signed map (h, w) holds positive evidence beyond rounding on its own scale."""
    return bool(raw.max() > _TOLERANCE * np.abs(raw).max())


def common_maximum(maps: Iterable[np.ndarray]) -> float:
    """The upper end of a colour scale from 0 that all of these signed maps share; 0 where none holds evidence."""
    return max((float(raw.max()) for raw in maps if has_evidence(raw)), default=0.0)
