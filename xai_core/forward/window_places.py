"""Which places of its source each window of a layer reads along one axis: int64 (n_out, n_taps), not yet clipped."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import ceil, floor
from typing import Literal

import numpy as np

from xai_core.forward.reach import NOWHERE

Resampling = Literal["nearest", "nearest_exact", "linear", "cubic"]


@lru_cache(maxsize=1024)
def windows(n_out: int, kernel: int, stride: int, padding: int, dilation: int) -> np.ndarray:
    """A convolution or a pooling."""
    return np.arange(n_out)[:, None] * stride - padding + np.arange(kernel) * dilation


@lru_cache(maxsize=1024)
def transposed_windows(n_out: int, kernel: int, stride: int, padding: int, dilation: int) -> np.ndarray:
    """A transposed convolution, where source i writes to i * stride - padding + k * dilation."""
    scaled = np.arange(n_out)[:, None] + padding - np.arange(kernel) * dilation
    return np.where(scaled % stride == 0, scaled // stride, NOWHERE)


@lru_cache(maxsize=256)
def bins(n_out: int, n_in: int) -> np.ndarray:
    """Adaptive pooling, whose bins overlap where the sizes do not divide."""
    first = [k * n_in // n_out for k in range(n_out)]
    last = [-(-(k + 1) * n_in // n_out) - 1 for k in range(n_out)]
    steps = np.arange(max(b - a for a, b in zip(first, last, strict=True)) + 1)
    return np.minimum(np.array(first)[:, None] + steps, np.array(last)[:, None])


@lru_cache(maxsize=256)
def resampled(n_out: int, n_in: int, ratio: Fraction, kind: Resampling, align_corners: bool) -> np.ndarray:
    """Upsampling; ratio: sources for one output. A place that falls on a source needs no neighbour."""
    rows = []
    for k in range(n_out):
        if kind == "nearest":
            rows.append([floor(k * ratio)])
        elif kind == "nearest_exact":
            rows.append([floor((k + Fraction(1, 2)) * ratio)])
        else:
            corners = Fraction(n_in - 1, max(n_out - 1, 1))
            place = k * corners if align_corners else (k + Fraction(1, 2)) * ratio - Fraction(1, 2)
            near = [floor(place), ceil(place)]
            wide = kind == "cubic" and near[0] < near[1]
            rows.append([near[0] - 1, near[1] + 1] if wide else near)
    return np.array(rows)
