"""A slice of a volume as a picture in radiological convention, and the way back from its pixels to the voxels.

Axial and coronal slices have the patient's right on the left, as if seen from the feet and from the front; sagittal
ones look to the left. The front (axial) or the head is on top. And where the planes through one voxel cross.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from xai_core.errors import ImageError
from xai_core.images.digest import scan_digest
from xai_core.images.scans.geometry import direction_letters
from xai_core.images.scans.volume import PLANES, Plane, Volume
from xai_core.types import SourceImage, Window

# The volume's axes along a picture's columns, along its rows, and across; both run against the axis.
AXES: Mapping[Plane, tuple[int, int, int]] = {"axial": (0, 1, 2), "coronal": (0, 2, 1), "sagittal": (1, 2, 0)}
_ACROSS: Mapping[int, Plane] = {across: plane for plane, (_, _, across) in AXES.items()}
_MIN_SIDE = 8  # voxels; thinner than this another plane shows nothing
_SQUARE = 1e-3


@dataclass(frozen=True)
class Edges:
    """Towards which side of the patient each edge of a picture lies: letters of L R P A I S; empty where unknown."""

    left: str
    right: str
    top: str
    bottom: str


def planes(volume: Volume) -> tuple[Plane, ...]:
    """The planes that can be shown: the one of acquisition first, others where their shape is known, not flat."""
    shape = volume.voxels.shape
    known = volume.spacing_mm is not None
    others = [p for p in PLANES if known and min(shape[AXES[p][0]], shape[AXES[p][1]]) >= _MIN_SIDE]
    return (volume.plane, *(p for p in others if p != volume.plane))


def slice_count(volume: Volume, plane: Plane) -> int:
    return int(volume.voxels.shape[AXES[plane][2]])


def slice_size(volume: Volume, plane: Plane) -> tuple[int, int]:
    """(height, width) of every `slice_image` in the plane."""
    a, b, _ = AXES[plane]
    return _square(volume, plane, (volume.voxels.shape[b], volume.voxels.shape[a]))[0]


def edge_letters(volume: Volume, plane: Plane) -> Edges:
    """The letters for the four edges of every slice in the plane."""
    if not volume.oriented:
        return Edges("", "", "", "")
    across, down = (volume.affine[:3, axis] for axis in AXES[plane][:2])
    return Edges(*(direction_letters(side) for side in (across, -across, down, -down)))


def slice_values(volume: Volume, plane: Plane, index: int) -> np.ndarray:
    """One slice, one pixel a voxel: float32 (h, w) physical values, or uint8 (h, w, 3) RGB."""
    count = slice_count(volume, plane)
    if not 0 <= index < count:
        raise ImageError(
            f"The volume has {count} {plane} slices, so there is no number {index + 1}; give 1 to {count}."
        )
    part = np.moveaxis(volume.voxels, AXES[plane][2], 0)[index]  # np.take would copy the whole turned volume
    turned = np.swapaxes(part, 0, 1)[::-1, ::-1]
    return np.ascontiguousarray(turned if volume.is_colour else volume.values(turned))


def slice_image(volume: Volume, plane: Plane, index: int, window: Window | None = None) -> SourceImage:
    """One slice with square pixels: linear between the voxels where those are not square, otherwise exact.

    window: the volume's first by default. Colour slices are photographs to the rest of the library.
    """
    pixels = slice_values(volume, plane, index)
    size, spacing = _square(volume, plane, pixels.shape[:2])
    pixels = _resampled(pixels, size)
    pixels.setflags(write=False)
    shown = window or (volume.windows[0].window if volume.windows else None)
    return SourceImage(
        pixels=pixels,
        name=f"{volume.modality or 'Scan'} {plane} {index + 1} of {slice_count(volume, plane)}",
        kind="photograph" if volume.is_colour else "scan",
        digest=scan_digest(pixels, None if volume.is_colour else shown),
        notes=volume.notes,
        spacing_mm=spacing,
        window=None if volume.is_colour else shown,
    )


def voxel_at(volume: Volume, plane: Plane, index: int, row: float, column: float) -> tuple[int, int, int]:
    """The voxel under a pixel of `slice_image`; rows and columns count from 0."""
    a, b, c = AXES[plane]
    shape, (height, width) = volume.voxels.shape, slice_size(volume, plane)
    voxel = [0, 0, 0]
    voxel[a] = shape[a] - 1 - min(max(int((column + 0.5) * shape[a] / width), 0), shape[a] - 1)
    voxel[b] = shape[b] - 1 - min(max(int((row + 0.5) * shape[b] / height), 0), shape[b] - 1)
    voxel[c] = index
    return voxel[0], voxel[1], voxel[2]


def position_mm(volume: Volume, voxel: tuple[int, int, int]) -> tuple[float, float, float]:
    """Where the centre of a voxel lies: millimetres to the right, front and top (RAS)."""
    x, y, z = (volume.affine @ (*voxel, 1.0))[:3]
    return float(x), float(y), float(z)


def maps_to_volume(volume: Volume, plane: Plane, maps: Mapping[int, np.ndarray]) -> np.ndarray:
    """Maps over slices, (h, w) on the pixels of `slice_image`, as float32 (x, y, z) on the voxels, 0 elsewhere."""
    filled = np.zeros(volume.voxels.shape[:3], np.float32)
    (a, b, c), expected = AXES[plane], slice_size(volume, plane)
    for index, values in maps.items():
        if values.shape != expected:
            raise ImageError(f"A map has {values.shape} pixels, but slices in this plane have {expected}; resize it.")
        small = _resampled(np.asarray(values, np.float32), (filled.shape[b], filled.shape[a]))
        np.moveaxis(filled, (a, b, c), (0, 1, 2))[:, :, index] = small[::-1, ::-1].T
    return filled


def _square(volume: Volume, plane: Plane, size: tuple[int, int]) -> tuple[tuple[int, int], tuple[float, float] | None]:
    """(height, width) with square pixels at the finer spacing, and the spacing (rows, columns) that this gives."""
    if volume.spacing_mm is None:
        return size, None
    wide, high = (volume.spacing_mm[axis] for axis in AXES[plane][:2])
    if abs(wide - high) <= _SQUARE * min(wide, high):
        return size, (high, wide)
    fine = min(wide, high)
    height, width = max(round(size[0] * high / fine), 1), max(round(size[1] * wide / fine), 1)
    return (height, width), (size[0] * high / height, size[1] * wide / width)


def _resampled(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(h, w, ...) linear between pixel centres, of the same outer edges and type."""
    for axis, new in enumerate(size):
        old = pixels.shape[axis]
        if new == old:
            continue
        at = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
        low = at.astype(int)
        share = (at - low).reshape([-1, *[1] * (pixels.ndim - 1 - axis)])
        before, after = (np.take(pixels, np.minimum(low + step, old - 1), axis) for step in (0, 1))
        blended = before + (after - before.astype(np.float64)) * share
        pixels = (np.rint(blended) if pixels.dtype == np.uint8 else blended).astype(pixels.dtype)
    return pixels


def crossing_planes(plane: Plane) -> tuple[Plane, Plane]:
    """The planes whose slices are numbered along a picture's columns, from its right, and along its rows, from below.

    These are columns and lines of one voxel: the sagittal plane cuts an axial picture in an upright line.
    """
    along_columns, along_rows, _ = AXES[plane]
    return _ACROSS[along_columns], _ACROSS[along_rows]


def crossing_at(volume: Volume, plane: Plane, numbers: Mapping[Plane, int]) -> tuple[float, float]:
    """Where the others' slices, numbered from 0, cross in the plane's picture: shares of its width and height."""
    x, y = (1 - (numbers[other] + 0.5) / slice_count(volume, other) for other in crossing_planes(plane))
    return x, y


def middle_slice(marked: np.ndarray, plane: Plane) -> int:
    """The slice of a plane, from 0, through the mean place of the marked voxels: bool (x, y, z), at least one."""
    return round(float(np.nonzero(marked)[AXES[plane][2]].mean()))
