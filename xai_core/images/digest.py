"""What an array of pixels is, as one short string: the key of every cache."""

import hashlib

import numpy as np

from xai_core.types import Window


def array_digest(pixels: np.ndarray) -> str:
    """SHA-256 hex of shape, dtype and values; the memory layout does not count."""
    kind = f"{pixels.shape} {pixels.dtype.str} "
    digest = hashlib.sha256(kind.encode("ascii"))
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()


def volume_digest(stored: np.ndarray, affine: np.ndarray, slope: float, intercept: float) -> str:
    """SHA-256 hex of a scan's voxels as stored (C-contiguous is fast), of their places and of their scale."""
    told = f"{array_digest(stored)} {affine.round(4).tolist()} {slope} {intercept}"
    return hashlib.sha256(told.encode("ascii")).hexdigest()


def scan_digest(pixels: np.ndarray, window: Window | None) -> str:
    """As above, and the display window counts too where there is one: it decides what a model is shown."""
    digest = array_digest(pixels)
    return hashlib.sha256(f"{digest} {window}".encode("ascii")).hexdigest() if window else digest
