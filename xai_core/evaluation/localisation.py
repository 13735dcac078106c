"""How well a map finds a known region: pointing game, energy, rank accuracy and overlap."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt

from xai_core.evaluation.checks.resolution import share_inside
from xai_core.evaluation.rival_maps import ranks
from xai_core.render.place import resample

TOLERANCE = 15 / 224  # of the shorter side, as in Zhang et al., IJCV 2018
HALF = 0.5  # of the map's maximum, from which a place counts for the overlap


@dataclass(frozen=True)
class Found:
    """Each in [0, 1]; 0 for a map without positive evidence.

    pointing: whether the highest place lies in the region or within the tolerance of it; of several highest places,
    the share that does (Zhang et al. 2018). energy: the share of the positive evidence in the region (Wang et al.
    2020). rank: the share of the region among as many highest places as it has pixels (Arras et al. 2022, relevance
    rank accuracy). overlap: intersection over union with the places of at least half of the maximum.
    """

    pointing: float
    energy: float
    rank: float
    overlap: float


def found(values: np.ndarray, region: np.ndarray, *, tolerance: float = TOLERANCE) -> Found:
    """Compare a signed map (h, w) with a region, bool (H, W), over the same box; only positive evidence counts."""
    fine = np.clip(values if values.shape == region.shape else resample(values, region.shape), 0, None)
    top = float(fine.max())
    if top <= 0:
        return Found(0.0, 0.0, 0.0, 0.0)
    near = distance_transform_edt(~region) <= tolerance * min(region.shape) if region.any() else region
    highest = ranks(fine, region.shape) < region.sum()
    strong = fine >= HALF * top
    return Found(
        pointing=float(near[fine >= top].mean()),
        energy=share_inside(fine, region),
        rank=float(region[highest].mean()),
        overlap=float((strong & region).sum() / (strong | region).sum()),
    )


def edges_of(pixels: np.ndarray) -> np.ndarray:
    """A map float32 (h, w) that knows only where the picture (h, w, 3) has edges: the size of its grey gradient."""
    grey = pixels.mean(axis=2)
    size: np.ndarray = np.hypot(*np.gradient(grey))
    return size.astype(np.float32)
