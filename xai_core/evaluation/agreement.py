"""How far two maps of the same picture agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xai_core.render.place import resample

STRONGEST = 0.2


@dataclass(frozen=True)
class Agreement:
    """rank_correlation: Spearman's, [-1, 1], NaN where a map is constant. overlap: of the strongest fifths, [0, 1].

    overlap is the share of places that are among the strongest fifth of both, of those that are in either
    (intersection over union); two unrelated maps have about 0.11.
    """

    rank_correlation: float
    overlap: float


def agreement(a: np.ndarray, b: np.ndarray) -> Agreement:
    """Compare two signed maps (h, w) that cover the same box; the coarser is first resampled to the finer's grid."""
    from scipy import stats  # not at the top: it takes a third of a second, and the first picture asks for no figures

    size = max(a.shape, b.shape, key=lambda shape: shape[0] * shape[1])
    first, second = (m if m.shape == size else resample(m, size) for m in (a, b))
    constant = np.ptp(first) == 0 or np.ptp(second) == 0
    correlation = np.nan if constant else stats.spearmanr(first, second, axis=None).statistic
    return Agreement(float(correlation), _overlap(first, second))


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    strong_a, strong_b = _strongest(a), _strongest(b)
    return float((strong_a & strong_b).sum() / (strong_a | strong_b).sum())


def _strongest(values: np.ndarray) -> np.ndarray:
    """The strongest fifth of the places, at least one; among equal values the earlier place wins."""
    count = max(1, round(STRONGEST * values.size))
    chosen = np.zeros(values.size, dtype=bool)
    chosen[np.argsort(-values, axis=None, kind="stable")[:count]] = True
    return chosen


def proportion(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """The factor k that brings k * b closest to a (least squares), and the largest departure |a - k b| / max |a|.

    NaN where one of them is all zero.
    """
    if not a.any() or not b.any():
        return float("nan"), float("nan")
    k = float((a * b).sum() / (b * b).sum())
    return k, float(np.abs(a - k * b).max() / np.abs(a).max())
