"""Healthy slices cut from whole heads, in every plane and between the planes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nibabel
import numpy as np
from scipy import ndimage

PLANES = ("axial", "coronal", "sagittal")
_AXES = {"axial": (0, 1, 2), "coronal": (0, 2, 1), "sagittal": (1, 2, 0)}  # across, down (turned over), through
_OBLIQUE = 0.5  # of the random slices; the others are straight
_TILT = 25.0  # degrees
_MIDDLE, _MOST = (0.25, 0.75), (0.14, 0.9)  # of the head's extent: measured, trained on
_SIDE_MM, _PIXELS = 256.0, 220


def slices_of_head(
    path: Path, rng: np.random.Generator, random: int, straight: int
) -> Iterator[tuple[np.ndarray, str, bool]]:
    """(values float32 (220, 220), plane, whether it is for training): `random` slices of any direction, and as many
    `straight` ones of each plane, evenly spaced in the middle half of the head."""
    image = nibabel.as_closest_canonical(nibabel.load(path))
    voxels = np.asarray(image.dataobj, np.float32)
    spacing = np.array(image.header.get_zooms()[:3], float)
    ends = _ends(voxels)
    for i in range(random):
        plane = PLANES[i % len(PLANES)]
        tilts = rng.uniform(-_TILT, _TILT, 2) if rng.random() < _OBLIQUE else rng.normal(0, 2, 2)
        yield _cut(voxels, spacing, ends, plane, rng.uniform(*_MOST), tilts), plane, True
    for plane in PLANES:
        for place in np.linspace(*_MIDDLE, straight):
            yield _cut(voxels, spacing, ends, plane, float(place), np.zeros(2)), plane, False


def _ends(voxels: np.ndarray) -> np.ndarray:
    """First and last voxel of the head along each axis, (3, 2)."""
    light = voxels > 0.15 * np.percentile(voxels, 99)
    found = [np.flatnonzero(light.mean(axis=tuple({0, 1, 2} - {axis})) > 0.01) for axis in range(3)]
    return np.array([[places[0], places[-1]] for places in found], float)


def _cut(
    voxels: np.ndarray, spacing: np.ndarray, ends: np.ndarray, plane: str, place: float, tilts: np.ndarray
) -> np.ndarray:
    """One slice, its front or top up; a sagittal one looks to the left. tilts: degrees, about its two own axes."""
    across, down, through = _AXES[plane]
    middle = ends.mean(axis=1)
    middle[through] = ends[through, 0] + place * (ends[through, 1] - ends[through, 0])
    basis = np.eye(3)
    x, y, z = -basis[across], -basis[down], basis[through]
    first, second = np.deg2rad(tilts)
    x, z = np.cos(first) * x + np.sin(first) * z, np.cos(first) * z - np.sin(first) * x
    y = np.cos(second) * y + np.sin(second) * z
    steps = (np.arange(_PIXELS) - (_PIXELS - 1) / 2) * (_SIDE_MM / _PIXELS)
    offsets = x[:, None, None] * steps[None, None, :] + y[:, None, None] * steps[None, :, None]
    return ndimage.map_coordinates(voxels, middle[:, None, None] + offsets / spacing[:, None, None], order=1)
