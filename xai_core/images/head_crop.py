"""Slices of a head from any source on one footing: cropped to the head, one sharpness, one grey scale, black around it.

Scans come in different sizes, framings and grey levels, and a network can learn those in place of the disease. After
this step what is left of a picture's origin is the head itself.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image
from scipy import ndimage

from xai_core.images.display import display_pixels
from xai_core.types import Box, SourceImage

_MASK_SIDE = 160  # the head is found on a picture of at most this many pixels a side
_SHARE_OF_OTSU = 0.5  # of the threshold on square roots, squared: dim skin and dim sequences belong to the head
_OPEN, _CLOSE = 2, 8  # pixels at that size: letters and rulers go, ears and gaps in the skull close
_MARGIN = 0.03  # of the head's longer side
_DARK, _LIGHT = 1, 99  # percentiles inside the head that become black and white
_LEAST_HEAD = 0.02  # of the picture's area


@dataclass(frozen=True, eq=False)
class HeadCrop:
    """grey: float32 (side, side) in [0, 1], exactly 0 outside the head. mask: bool (side, side), the head.

    box: the square of the picture that they cover; it may exceed the picture. found: False where no head was found,
    and the whole picture was taken instead.
    """

    grey: np.ndarray
    mask: np.ndarray
    box: Box
    found: bool


def head_crop(image: SourceImage, side: int) -> HeadCrop:
    """The head of a slice at `side` x `side` pixels, whatever the size, framing and grey scale of the picture.

    A scan is read in its own units, so that its display window does not matter.
    """
    values = grey_values(image)
    coarse = head_mask(values)
    found = coarse.mean() >= _LEAST_HEAD
    if not found:
        coarse = np.ones_like(coarse)
    box = square_around(coarse, values.shape)
    grey = cut(values, box, side, beyond="edge")
    mask = cut(_grown(coarse, values.shape), box, side, beyond="constant") > 0.5
    return HeadCrop(np.where(mask, _scaled(grey, mask), 0).astype(np.float32), mask, box, bool(found))


def grey_values(image: SourceImage) -> np.ndarray:
    """float32 (h, w): a photograph's luma (ITU-R BT.601); a scan's own values, its lowest where one is no number."""
    if image.kind == "photograph":
        return np.asarray(display_pixels(image) @ np.array([0.299, 0.587, 0.114]), np.float32)
    finite = np.isfinite(image.pixels)
    lowest = image.pixels[finite].min() if finite.any() else 0
    return np.where(finite, image.pixels, lowest).astype(np.float32)


def head_mask(values: np.ndarray) -> np.ndarray:
    """The largest light region of a slice (h, w), holes filled: bool, at no more than 160 pixels a side."""
    from skimage.filters import threshold_otsu  # not at the top: it takes a second, and most pictures are no heads

    small = _reduced(values)
    low, high = np.percentile(small, [_DARK, _LIGHT])
    if high <= low:
        return np.zeros(small.shape, bool)
    level = np.sqrt(np.clip((small - low) / (high - low), 0, 1))
    light = ndimage.binary_opening(level**2 > _SHARE_OF_OTSU * threshold_otsu(level) ** 2, iterations=_OPEN)
    regions, _ = ndimage.label(light)
    sizes = np.bincount(regions.ravel())[1:]
    if not sizes.size:
        return np.zeros(small.shape, bool)
    head = np.pad(regions == 1 + sizes.argmax(), _CLOSE + 1)
    closed: np.ndarray = ndimage.binary_fill_holes(ndimage.binary_closing(head, iterations=_CLOSE))
    return closed[_CLOSE + 1 : -_CLOSE - 1, _CLOSE + 1 : -_CLOSE - 1]


def _reduced(values: np.ndarray) -> np.ndarray:
    height, width = values.shape
    ratio = min(1.0, _MASK_SIDE / max(height, width))
    size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    return np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BOX))


def square_around(coarse: np.ndarray, size: tuple[int, int]) -> Box:
    """The square around a coarse mask, with a margin, in pixels of the picture of `size` (height, width)."""
    (top, bottom), (left, right) = (
        (int(edges[0]) * full / small, (int(edges[-1]) + 1) * full / small)
        for edges, full, small in zip(
            (np.flatnonzero(coarse.any(axis)) for axis in (1, 0)), size, coarse.shape, strict=True
        )
    )
    half = max(bottom - top, right - left) * (0.5 + _MARGIN)
    row, column = (top + bottom) / 2, (left + right) / 2
    return Box(column - half, row - half, column + half, row + half)


def _grown(coarse: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A coarse mask at the picture's size: float32 (h, w) in [0, 1]."""
    return np.asarray(Image.fromarray(coarse.astype(np.float32)).resize((size[1], size[0]), Image.Resampling.BILINEAR))


def cut(values: np.ndarray, box: Box, side: int, *, beyond: Literal["edge", "constant"]) -> np.ndarray:
    """What lies in `box`, resampled with smoothing to (side, side); beyond the picture its edge goes on, or zero."""
    height, width = values.shape
    before = max(0, int(np.ceil(max(-box.top, -box.left))))
    after = max(0, int(np.ceil(max(box.bottom - height, box.right - width))))
    padded = Image.fromarray(np.pad(values, (before, after), mode=beyond))
    edges = (box.left + before, box.top + before, box.right + before, box.bottom + before)
    return np.asarray(padded.resize((side, side), Image.Resampling.BILINEAR, box=edges))


def _scaled(grey: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Linear from the head's dark to its light percentile: 0 to 1, clipped."""
    low, high = np.percentile(grey[mask], [_DARK, _LIGHT]) if mask.any() else (0, 0)
    return np.clip((grey - low) / max(high - low, 1e-12), 0, 1)
