"""Tumours taken out of slices and put into others, so that every source shows both answers.

A slice whose tumour is painted over with the tissue around it counts as "no tumour"; a healthy slice with a tumour of
another slice in it counts as that tumour. The same paint elsewhere, or healthy tissue of another slice put in, changes
no answer: no trace of the brush may give it away.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy import ndimage

from xai_core.types import Box

_FEATHER = 1.5  # pixels of 160 over which paint goes over into the picture
_MOST_SHIFTS = 8
_COARSEST = 4.0  # times the median of the texture: how far paint may leave its smooth part


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


def ellipse(shape: tuple[int, ...], box: np.ndarray, grown: float) -> np.ndarray:
    """bool (h, w): inside the ellipse in `box`, centre x, y, width, height, enlarged by a factor."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    across, down = (2 * (x + 0.5 - box[0]) / (grown * box[2]), 2 * (y + 0.5 - box[1]) / (grown * box[3]))
    return across**2 + down**2 < 1


def grown(place: np.ndarray, share: float) -> np.ndarray:
    """A place, bool (h, w), enlarged on all sides by a share of its radius and two pixels."""
    reach = 2 + share * np.sqrt(place.sum() / np.pi)
    return _near(place, int(np.ceil(reach)))


def _near(place: np.ndarray, pixels: int) -> np.ndarray:
    found = ndimage.find_objects(place.astype(np.int8))
    if not found:
        return place
    rows, columns = (slice(max(s.start - pixels - 1, 0), s.stop + pixels + 1) for s in found[0])
    answer = place.copy()
    answer[rows, columns] = ndimage.distance_transform_edt(~place[rows, columns]) <= pixels
    return answer


def painted_over(image: np.ndarray, place: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """uint8 (side, side) with `place`, bool, filled from its surroundings, texture and all."""
    grey, head = image.astype(np.float32), image > 0
    if not (place & head).any():
        return image
    known = (head & ~place).astype(np.float32)
    size = float(np.sqrt(place.sum()))
    reach = 0.25 * size + 2
    weight = ndimage.gaussian_filter(known, reach)
    smooth = ndimage.gaussian_filter(grey * known, reach) / np.maximum(weight, 1e-3)
    fine = (grey - ndimage.gaussian_filter(grey, 2)) * known
    most = _COARSEST * np.median(np.abs(fine[known > 0])) if known.any() else 0.0  # no skull within the brain
    fine = np.clip(fine, -most, most) * rng.uniform(0.3, 1)
    away = rng.choice([-1, 1], 2) * (size * rng.uniform(1.2, 1.8, 2)).astype(int)
    texture = np.roll(fine, tuple(away), axis=(0, 1))
    return _mixed(image, smooth + texture, place)


def mirrored_over(image: np.ndarray, place: np.ndarray) -> np.ndarray | None:
    """The same, filled with the other side of the head; None where that is no healthy tissue."""
    other = image[:, ::-1]
    if (place & place[:, ::-1]).any() or (other[place] > 0).mean() < 0.95:
        return None
    return _mixed(image, other, place)


def _mixed(image: np.ndarray, paint: np.ndarray, place: np.ndarray) -> np.ndarray:
    share = ndimage.gaussian_filter(place.astype(np.float32), _FEATHER)
    mixed = image * (1 - share) + np.clip(paint, 1, 255) * share
    return np.where(image > 0, np.clip(mixed, 1, 255), 0).astype(np.uint8)


def shifted(place: np.ndarray, head: np.ndarray, taken: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    """`place` moved at random to where it lies in the head and off what is `taken`; None: no room was found."""
    rows, columns = np.nonzero(head)
    y, x = (round(float(axis.mean())) for axis in np.nonzero(place))
    for _ in range(_MOST_SHIFTS):
        pick = rng.integers(len(rows))
        moved = ndimage.shift(place.view(np.uint8), (rows[pick] - y, columns[pick] - x), order=0).astype(bool)
        if moved.any() and not (moved & taken).any() and head[moved].mean() > 0.9:
            return moved
    return None


def planted(
    image: np.ndarray, donor: np.ndarray, place: np.ndarray, rng: np.random.Generator, *, near: bool
) -> tuple[np.ndarray, np.ndarray] | None:
    """The picture with what lies in `place` of the donor, and where it lies now; None where it finds no room.

    It is turned, resized and brought to the grey level around it. near: it stays about where it was, where its kind
    of tumour occurs; otherwise it may go anywhere in the head.
    """
    head = image > 0
    for _ in range(_MOST_SHIFTS):
        rows, columns = np.nonzero(head if not near else place)
        target = np.array([rows.mean(), columns.mean()]) + rng.normal(0, 6, 2)
        if not near:
            pick = rng.integers(len(rows))
            target = np.array([rows[pick], columns[pick]], float)
        matrix, offset = _motion(place, target, rng)
        moved = ndimage.affine_transform(place.astype(np.float32), matrix, offset, order=1) > 0.5
        if moved.sum() >= 20 and head[moved].mean() > 0.9:
            paint = ndimage.affine_transform(donor.astype(np.float32), matrix, offset, order=1)
            return _blended(image, paint, moved, rng), moved & head
    return None


def _motion(place: np.ndarray, target: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Matrix and offset that carry the middle of `place` to `target`, turned and resized."""
    angle, scale = rng.uniform(-0.5, 0.5), np.exp(rng.uniform(-0.4, 0.3))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.diag([1, rng.choice([-1, 1])]) / scale
    middle = np.array([axis.mean() for axis in np.nonzero(place)])
    return matrix, middle - matrix @ target


def _blended(image: np.ndarray, paint: np.ndarray, place: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    rim = grown(place, 0.4) & ~place & (image > 0) & (paint > 0)
    level = image[rim].mean() / max(paint[rim].mean(), 1) if rim.any() else 1.0
    gain = np.clip(level, 0.4, 2.5) * np.exp(rng.normal(0, 0.1))
    base = image
    if rng.random() < 0.5:  # swelling, or a bright fringe
        fringe = ndimage.gaussian_filter(place.astype(np.float32), 4 + 6 * rng.random())
        base = np.clip(image * (1 + rng.uniform(-0.5, 0.5) * np.minimum(2 * fringe, 1)), 0, 255)
        base = np.where(image > 0, np.maximum(base, 1), 0)
    return _mixed(base, paint * gain, place)
