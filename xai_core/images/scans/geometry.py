"""Where voxels lie in the patient: affines in RAS millimetres, canonical axes, and the letters at the edges."""

import numpy as np
from nibabel.orientations import apply_orientation, inv_ornt_aff, io_orientation

from xai_core.errors import ImageError
from xai_core.images.scans.volume import Plane

_LETTERS = (("L", "R"), ("P", "A"), ("I", "S"))  # at the low and the high end of each RAS axis
ACROSS: tuple[Plane, ...] = ("sagittal", "coronal", "axial")  # the plane that lies across each RAS axis
_SAID = 0.26  # a direction is named along every axis that it leans to by more than 15 degrees
_LEAST_MM, _MOST_MM = 1e-9, 1e9
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])  # DICOM counts to the left and to the back


def canonical(array: np.ndarray, affine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same voxels as a view (x, y, z, ...) whose axes run nearest to right, front and top, and their affine.

    array: (i, j, k, ...). affine: float64 (4, 4), from (i, j, k) to RAS millimetres. No voxel is resampled.
    ImageError: the voxels are nearly without, or beyond, all size.
    """
    low, *_, high = sorted(np.abs(affine[:3, :3]).max(axis=0))
    if not (_LEAST_MM < low <= high < _MOST_MM):
        raise ImageError(f"The scan says that its voxels are {low:.3g} to {high:.3g} mm apart; export it again.")
    turn = io_orientation(affine)
    return apply_orientation(array, turn), affine @ inv_ornt_aff(turn, array.shape[:3])


def spacing_of(affine: np.ndarray) -> tuple[float, float, float]:
    """Millimetres from voxel to voxel along x, y and z."""
    x, y, z = np.linalg.norm(affine[:3, :3], axis=0)
    return float(x), float(y), float(z)


def direction_letters(direction: np.ndarray) -> str:
    """Towards which side of the patient a RAS direction points: one letter of L R P A I S, or more where it leans."""
    unit = direction / np.linalg.norm(direction)
    order = np.argsort(-np.abs(unit), kind="stable")
    said = [axis for place, axis in enumerate(order) if place == 0 or abs(unit[axis]) > _SAID]
    return "".join(_LETTERS[axis][int(unit[axis] > 0)] for axis in said)


def affine_of_planes(
    row: np.ndarray, column: np.ndarray, spacing_mm: tuple[float, float], first: np.ndarray, step: np.ndarray
) -> np.ndarray:
    """The affine from (column, row, slice) numbers to RAS; DICOM PS3.3 C.7.6.2.1.1.

    row, column: unit vectors (LPS) in which the column and the row number grow. spacing_mm: between rows, between
    columns. first: centre of the first voxel. step: from one slice to the next, LPS millimetres.
    """
    affine = np.eye(4)
    affine[:3, :3] = LPS_TO_RAS @ np.column_stack([row * spacing_mm[1], column * spacing_mm[0], step])
    affine[:3, 3] = LPS_TO_RAS @ first
    return affine


def plane_across(normal: np.ndarray) -> Plane:
    """The plane that a normal (RAS or LPS) is nearest to."""
    return ACROSS[int(np.argmax(np.abs(normal)))]


def plane_of(orientation: np.ndarray | None) -> Plane:
    """The plane of an image orientation (2, 3); axial where the file gives none."""
    return "axial" if orientation is None else plane_across(np.cross(*orientation))
