"""The rim of a head: how bright a slice is from outside its head inwards. Skin, fat and bone show there or are gone."""

import numpy as np
from PIL import Image
from scipy import ndimage

from xai_core.images.head_crop import cut, head_mask, square_around
from xai_core.types import Box

_SIDE = 160
_AROUND = 0.15  # of the head's square, on each side: a scalp that dark bone parts from the brain lies beyond the mask
_EDGES = np.arange(-28, 30, 2)  # pixels from the border of the head, inwards
_LEAST_HEAD, _LEAST_PIXELS = 0.02, 8
RIM = 3 * (len(_EDGES) - 1)


def rim_profile(values: np.ndarray) -> np.ndarray:
    """Mean, lower quartile and 90th percentile of the grey in 28 shells around the border of the head: float (84,).

    values: (h, w), of any unit. Grey 0 and 1 are the 1st and 99th percentile inside the head. Zeros without a head.
    """
    grey, mask = _wide(values.astype(np.float32))
    if not mask.any():
        return np.zeros(RIM)
    low, high = np.percentile(grey[mask], [1, 99])
    grey = np.clip((grey - low) / max(high - low, 1e-9), 0, 1.5)
    depth = np.where(mask, ndimage.distance_transform_edt(mask), -ndimage.distance_transform_edt(~mask))
    shells = np.digitize(depth, _EDGES) - 1
    return np.concatenate([_told(grey[shells == i]) for i in range(len(_EDGES) - 1)])


def _told(part: np.ndarray) -> np.ndarray:
    if part.size <= _LEAST_PIXELS:
        return np.zeros(3)
    return np.array([part.mean(), *np.percentile(part, [25, 90])])


def _wide(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The head with what is around it, float32 (160, 160), and the mask of the head on it."""
    coarse = head_mask(values)
    if coarse.mean() < _LEAST_HEAD:
        coarse = np.ones_like(coarse)
    box = square_around(coarse, values.shape)
    more = _AROUND * (box.right - box.left)
    box = Box(box.left - more, box.top - more, box.right + more, box.bottom + more)
    full = np.asarray(Image.fromarray(coarse.astype(np.float32)).resize(values.shape[::-1]))
    return cut(values, box, _SIDE, beyond="constant"), cut(full, box, _SIDE, beyond="constant") > 0.5
