"""Slices with the tumour painted over, so that "no tumour" is not a question of the source.

All healthy slices come from another collection than the tumours. A tumour slice whose lesion is painted over with
the tissue around it counts as "no tumour" in training; the same paint elsewhere changes nothing, in any class.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy import ndimage

from xai_core.types import Box

_GROWN = 1.3  # outlines are drawn tight, and their boxes rounded to a hundredth of the picture


def boxes(
    data: Path, paths: Sequence[Path], crops: Sequence[Box], sizes: Sequence[tuple[int, int]], side: int
) -> np.ndarray:
    """The tumour of each slice in its standardised picture: float32 (n, 4), centre x, y, width, height in pixels.

    crops: the part of each picture that was standardised. sizes: (height, width) of the pictures. NaN: no tumour.
    """
    with (data / "boxes.csv").open(encoding="utf-8") as stream:
        known = {row["file"]: row for row in csv.DictReader(stream)}
    answer = np.full((len(paths), 4), np.nan, np.float32)
    for i, (path, crop, (height, width)) in enumerate(zip(paths, crops, sizes, strict=True)):
        row = known.get(f"{path.parent.name}/{path.name}")
        if row is not None:
            ratio = side / (crop.right - crop.left)
            answer[i] = (
                (float(row["x_center"]) * width - crop.left) * ratio,
                (float(row["y_center"]) * height - crop.top) * ratio,
                float(row["width"]) * width * ratio,
                float(row["height"]) * height * ratio,
            )
    return answer


def painted_over(image: np.ndarray, box: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """uint8 (side, side) with the ellipse in `box` (4,) filled from its surroundings, texture and all."""
    grey, head = image.astype(np.float32), image > 0
    inside = ellipse(image.shape, box, _GROWN)
    if not (inside & head).any():
        return image
    known = (head & ~inside).astype(np.float32)
    reach = 0.25 * float(np.sqrt(box[2] * box[3])) + 2
    weight = ndimage.gaussian_filter(known, reach)
    smooth = ndimage.gaussian_filter(grey * known, reach) / np.maximum(weight, 1e-3)
    fine = (grey - ndimage.gaussian_filter(grey, 2)) * known
    away = rng.choice([-1, 1], 2) * (box[[3, 2]] * rng.uniform(1.2, 1.8, 2)).astype(int)
    texture = np.roll(fine, tuple(away), axis=(0, 1))
    share = ndimage.gaussian_filter(inside.astype(np.float32), 1.5)
    mixed = grey * (1 - share) + np.clip(smooth + texture, 1, 255) * share
    return np.where(head, np.clip(mixed, 1, 255), 0).astype(np.uint8)


def elsewhere(image: np.ndarray, box: np.ndarray, like: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    """A box as large as `like` in the head, away from the slice's own `box` (NaN: none); None: no room was found."""
    rows, columns = np.nonzero(image)
    for _ in range(8):
        pick = rng.integers(len(rows))
        place = np.array([columns[pick], rows[pick], like[2], like[3]], np.float32)
        apart = np.abs(place[:2] - box[:2]) > _GROWN * (place[2:] + box[2:]) / 2
        if np.isnan(box).any() or apart.any():
            return place
    return None


def ellipse(shape: tuple[int, ...], box: np.ndarray, grown: float) -> np.ndarray:
    """bool (h, w): inside the ellipse in `box`, centre x, y, width, height, enlarged by a factor."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    across, down = (2 * (x + 0.5 - box[0]) / (grown * box[2]), 2 * (y + 0.5 - box[1]) / (grown * box[3]))
    return across**2 + down**2 < 1
