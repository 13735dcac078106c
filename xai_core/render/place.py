"""Where a map lies on the picture: resampling on the native grid's geometry, through the box that the model saw."""

import numpy as np
import torch
from torch.nn import functional

from xai_core.types import Box


def resample(raw: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A map (h, w) at `size` (height, width): bilinear, half-pixel centres, edges held (align_corners=False)."""
    grid = torch.from_numpy(np.ascontiguousarray(raw, dtype=np.float32))[None, None]
    return functional.interpolate(grid, size=size, mode="bilinear", align_corners=False)[0, 0].numpy()


def sample_at(raw: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Bilinear values (len(rows), len(columns)) of a map (h, w) at fractional cell coordinates, centres at + 0.5."""
    (low_r, high_r, weight_r), (low_c, high_c, weight_c) = (
        _neighbours(rows, raw.shape[0]),
        _neighbours(columns, raw.shape[1]),
    )
    upper = raw[np.ix_(low_r, low_c)] * (1 - weight_c) + raw[np.ix_(low_r, high_c)] * weight_c
    lower = raw[np.ix_(high_r, low_c)] * (1 - weight_c) + raw[np.ix_(high_r, high_c)] * weight_c
    placed: np.ndarray = upper * (1 - weight_r[:, None]) + lower * weight_r[:, None]
    return placed


def place(raw: np.ndarray, box: Box, image_size: tuple[int, int]) -> np.ndarray:
    """A map (h, w) laid on the picture through `box`: float32 (height, width), NaN where the model never looked."""
    height, width = image_size
    y, x = np.arange(height) + 0.5, np.arange(width) + 0.5
    inside = np.ix_((y >= box.top) & (y < box.bottom), (x >= box.left) & (x < box.right))
    rows = (y[inside[0].ravel()] - box.top) / (box.bottom - box.top) * raw.shape[0]
    columns = (x[inside[1].ravel()] - box.left) / (box.right - box.left) * raw.shape[1]
    placed = np.full(image_size, np.nan, dtype=np.float32)
    placed[inside] = sample_at(raw, rows, columns)
    return placed


def _neighbours(at: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indices of the cells on both sides of each coordinate and the weight of the second, edges held."""
    centred = np.clip(at - 0.5, 0, n - 1)
    low = np.floor(centred).astype(int)
    return low, np.minimum(low + 1, n - 1), centred - low
