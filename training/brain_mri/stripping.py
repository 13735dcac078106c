"""A slice as a tool leaves it that removes skull and scalp: made from intact ones, as the data have none."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage

from xai_core.images.digest import array_digest
from xai_core.images.head_crop import HeadCrop, head_crop, head_mask
from xai_core.models.sources.brain_mri import HEAD_SIDE
from xai_core.types import SourceImage

_SKULL = 7  # pixels of 160: at least that much goes
_NOISY = 0.6  # of the slices keep the noise of their background: exact zeros would give the rest away


def stripped(values: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    """The brain of a slice (h, w) alone, the rest black or like the slice's background; None where none is found."""
    crop = head_crop(SourceImage(values, "a slice", "scan", array_digest(values)), HEAD_SIDE)
    brain = brain_mask(crop)
    if brain is None:
        return None
    box, (height, width) = crop.box, values.shape
    scale = HEAD_SIDE / (box.right - box.left)
    rows = np.floor((np.arange(height) + 0.5 - box.top) * scale).astype(int)
    columns = np.floor((np.arange(width) + 0.5 - box.left) * scale).astype(int)
    inside = np.ix_(np.clip(rows, 0, HEAD_SIDE - 1), np.clip(columns, 0, HEAD_SIDE - 1))
    seen = ((rows >= 0) & (rows < HEAD_SIDE))[:, None] & ((columns >= 0) & (columns < HEAD_SIDE))[None]
    return np.where(seen & brain[inside], values, _background(values, rng)).astype(np.float32)


def brain_mask(crop: HeadCrop) -> np.ndarray | None:
    """bool (160, 160): the largest light part that is left when the rim and thin bridges go, roughly the brain."""
    depth = ndimage.distance_transform_edt(crop.mask)
    grey = ndimage.gaussian_filter(crop.grey * 255, 1)
    inner = grey[(depth > _SKULL - 1) & (grey > 20)]
    if inner.size < 500:
        return None
    core = ndimage.binary_erosion((grey > 0.45 * np.median(inner)) & (depth > _SKULL - 1), iterations=5)
    regions, count = ndimage.label(core)
    if not count:
        return None
    largest = regions == 1 + np.bincount(regions.ravel())[1:].argmax()
    grown = np.pad(ndimage.binary_dilation(largest, iterations=6) & (depth > _SKULL), 10)
    brain = ndimage.binary_fill_holes(ndimage.binary_closing(grown, iterations=8))[10:-10, 10:-10]
    return brain if 0.4 < brain.sum() / crop.mask.sum() < 0.85 else None


def _background(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if rng.random() > _NOISY:
        return np.zeros_like(values)
    coarse = head_mask(values)
    small = np.asarray(Image.fromarray(values).resize(coarse.shape[::-1], Image.Resampling.NEAREST))
    beyond = small[~ndimage.binary_dilation(coarse, iterations=6)]
    dark = beyond[beyond <= np.percentile(beyond, 80)] if beyond.size else beyond
    return rng.choice(dark, values.shape) if dark.size > 50 else np.zeros_like(values)
