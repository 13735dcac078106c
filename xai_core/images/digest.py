"""What an array of pixels is, as one short string: the key of every cache."""

from __future__ import annotations

import hashlib

import numpy as np


def array_digest(pixels: np.ndarray) -> str:
    """SHA-256 hex of shape, dtype and values; the memory layout does not count."""
    kind = f"{pixels.shape} {pixels.dtype.str} "
    digest = hashlib.sha256(kind.encode("ascii"))
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()
