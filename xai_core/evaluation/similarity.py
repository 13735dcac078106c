"""How alike two maps of one picture are, compared at one grid whatever their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from xai_core.evaluation.agreement import agreement
from xai_core.render.place import resample

GRID = 56


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
    return Similarity(correlation, float(structural_similarity(_strength(a), _strength(b), data_range=1.0)))


def _strength(values: np.ndarray) -> np.ndarray:
    positive = np.clip(values, 0, None)
    top = float(positive.max())
    return positive / top if top > 0 else positive
