"""The slices of a scan as the browser's viewer fetches them: raw grey values in 16 bits, or red, green and blue.

The address holds a random word that is given to one visit; nothing of a patient is in it, and nothing is kept on disk.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from dashboard.mri import shelf
from dashboard.mri.scan import Scan, count_of, letters_of, sizes_of, slice_pixels
from dashboard.mri.slice_route import offer
from dashboard.shared.components.viewer.scan import Slices

LEVELS = 65535  # level 0 is kept for what is no number
MOST = 6  # planes: those of this volume, and of the one before, which the browser may still be asking for


@dataclass(frozen=True, eq=False)
class Stack:
    """A plane of a scan under its address. low, step: value = low + (level - 1) * step."""

    url: str
    count: int
    low: float
    step: float
    slice_bytes: Callable[[int], bytes]


def slices(scan: Scan, plane: str, name: str) -> Slices:
    """What the viewer is told of a plane."""
    stack = shelf.kept("stacks", (scan.digest, plane), lambda: _offered(scan, plane), MOST)
    letters = letters_of(scan, plane)
    edges = {"left": letters.left, "right": letters.right, "top": letters.top, "bottom": letters.bottom}
    presets = scan.volume.windows if scan.volume is not None and not scan.volume.is_colour else ()
    named = tuple((one.name, one.window) for one in presets)
    sizes = sizes_of(scan, plane)
    return Slices(stack.url, stack.count, sizes, stack.low, stack.step, name, edges, named)


def _offered(scan: Scan, plane: str) -> Stack:
    low, step = levels(scan)
    word = secrets.token_urlsafe(16)
    read = partial(slice_pixels, scan, plane)
    stack = Stack(f"slices/{word}", count_of(scan, plane), low, step, lambda i: encoded(read(i), low, step))
    offer(word, stack)
    return stack


def levels(scan: Scan) -> tuple[float, float]:
    """low and step that hold all values of a volume: exactly where its integers fit, else the range in 65534 steps."""
    if scan.volume is None or scan.volume.is_colour:
        return 0.0, 1.0
    voxels, slope, intercept = scan.volume.voxels, scan.volume.slope, scan.volume.intercept
    low, high = _range(voxels)
    whole = np.issubdtype(voxels.dtype, np.integer) and high - low <= LEVELS - 1
    ends = sorted((low * slope + intercept, high * slope + intercept))
    return ends[0], abs(slope) if whole and slope else max((ends[1] - ends[0]) / (LEVELS - 1), 1e-30)


def _range(voxels: np.ndarray) -> tuple[float, float]:
    if np.issubdtype(voxels.dtype, np.integer):
        return float(voxels.min()), float(voxels.max())
    finite = voxels[np.isfinite(voxels)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def encoded(pixels: np.ndarray, low: float, step: float) -> bytes:
    """uint32 width, height, channels; then levels (h, w) in 16 bits, or uint8 (h, w, 3); all little-endian."""
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else 3
    head = np.array([width, height, channels], "<u4").tobytes()
    if channels == 3:
        return head + np.ascontiguousarray(pixels).tobytes()
    level = np.rint((pixels.astype(np.float64) - low) / step) + 1
    return head + np.where(np.isfinite(level), np.clip(level, 1, LEVELS), 0).astype("<u2").tobytes()
