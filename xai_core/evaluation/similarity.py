"""How far two maps of the same picture agree."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from xai_core.evaluation.check import Level
from xai_core.render.place import resample

GRID = 56
STRONGEST = 0.2
ALIKE, SAME = 0.5, 0.8  # rank correlations: up to ALIKE a map is another one, above SAME it is the same


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
    strong_a, strong_b = _strongest(first), _strongest(second)
    return Agreement(float(correlation), float((strong_a & strong_b).sum() / (strong_a | strong_b).sum()))


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


@dataclass(frozen=True)
class Similarity:
    """rank_correlation: Spearman's, [-1, 1]; 0 where one map is constant, for it holds no order to share.

    ssim: structural similarity (Wang et al. 2004, 7 x 7 windows) of the two maps' strengths, each scaled to at most 1.
    """

    rank_correlation: float
    ssim: float


def comparable(values: np.ndarray, magnitude: bool) -> np.ndarray:
    """A map (h, w) on 56 x 56 cells: finer ones are averaged, coarser ones drawn as the viewer draws them.

    magnitude: without its sign, as Adebayo et al. 2018 compare pixel-level maps, whose signs change from dot to dot.
    """
    signed = np.abs(values) if magnitude else values
    if min(values.shape) <= GRID:
        return resample(signed, (GRID, GRID))
    fine = torch.from_numpy(np.ascontiguousarray(signed, dtype=np.float32))[None]
    return functional.adaptive_avg_pool2d(fine, GRID)[0].numpy()


def similarity(a: np.ndarray, b: np.ndarray, *, magnitude: bool = False) -> Similarity:
    """Compare two maps (h, w) that cover the same box."""
    return of_comparable(comparable(a, magnitude), comparable(b, magnitude))


def of_comparable(a: np.ndarray, b: np.ndarray) -> Similarity:
    """The same for maps that are on one grid already."""
    from skimage.metrics import structural_similarity  # not at the top: it takes a second, and few ask for it

    correlation = float(np.nan_to_num(agreement(a, b).rank_correlation))
    ssim: Callable[..., float] = structural_similarity  # which has no types
    return Similarity(correlation, float(ssim(_strength(a), _strength(b), data_range=1.0)))


def _strength(values: np.ndarray) -> np.ndarray:
    positive: np.ndarray = np.clip(values, 0, None)
    top = float(positive.max())
    return positive / top if top > 0 else positive


def level_of_another(rank_correlation: float) -> Level:
    """The level of a check which asks that the map is another one when its question is."""
    return "good" if rank_correlation <= ALIKE else "bad" if rank_correlation > SAME else "unclear"
