"""How the three planes through one voxel cross: where each of the other two cuts a plane's picture."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from xai_core.images.scans.slicing import AXES, slice_count
from xai_core.images.scans.volume import Plane, Volume

_ACROSS: Mapping[int, Plane] = {across: plane for plane, (_, _, across) in AXES.items()}


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
