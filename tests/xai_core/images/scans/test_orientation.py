"""Letters at the edges and voxels in space, for every way in which an array can lie in a patient."""

from __future__ import annotations

from itertools import permutations, product

import nibabel as nib
import numpy as np
import pytest

from tests.xai_core.images.scans.made_dicom import file_bytes, made_stack, noise
from xai_core.images.scans import (
    Edges,
    edge_letters,
    open_scans,
    planes,
    position_mm,
    slice_image,
    slice_values,
    voxel_at,
)
from xai_core.images.scans.geometry import direction_letters

SIZE = (12, 10, 9)  # different along x, y and z
SPACING = (1.0, 1.5, 2.0)
RADIOLOGICAL = {
    "axial": Edges("R", "L", "A", "P"),
    "coronal": Edges("R", "L", "S", "I"),
    "sagittal": Edges("A", "P", "S", "I"),
}
ORDERS = [(order, signs) for order in permutations(range(3)) for signs in product((1, -1), repeat=3)]


def patient() -> np.ndarray:
    """(x, y, z) to the right, front and top, with a bright voxel far right, a brighter one in front, one on top."""
    voxels = np.full(SIZE, 100, np.int16)
    voxels[-2, 4, 4], voxels[5, -2, 4], voxels[5, 4, -2] = 300, 500, 700
    return voxels


def stored(order: tuple[int, ...], signs: tuple[int, ...]) -> nib.Nifti1Image:
    """The same patient in one of the 48 layouts, by hand: axis n of the array runs along order[n], or against it."""
    voxels = patient().transpose(order)
    affine = np.zeros((4, 4))
    affine[3, 3] = 1
    for axis, (along, sign) in enumerate(zip(order, signs, strict=True)):
        affine[along, axis] = sign * SPACING[along]
        if sign < 0:
            voxels = np.flip(voxels, axis)
            affine[along, 3] = (SIZE[along] - 1) * SPACING[along]
    return nib.Nifti1Image(np.ascontiguousarray(voxels), affine)


def test_there_are_48_orders() -> None:
    codes = {nib.aff2axcodes(stored(*order).affine) for order in ORDERS}
    assert len(codes) == 48


@pytest.mark.parametrize(("order", "signs"), ORDERS)
def test_every_axis_order_gives_the_same_patient_and_letters(order: tuple[int, ...], signs: tuple[int, ...]) -> None:
    volume = open_scans(stored(order, signs).to_bytes()).series[0].volume()
    np.testing.assert_array_equal(volume.voxels, patient())
    np.testing.assert_allclose(volume.affine, np.diag([*SPACING, 1.0]))
    assert {plane: edge_letters(volume, plane) for plane in planes(volume)} == RADIOLOGICAL


def test_marks_lie_on_the_side_that_the_letters_say() -> None:
    volume = open_scans(stored((0, 1, 2), (1, 1, 1)).to_bytes()).series[0].volume()
    axial, coronal = slice_values(volume, "axial", 4), slice_values(volume, "coronal", 4)
    sagittal = slice_values(volume, "sagittal", 5)
    assert np.argwhere(axial == 300).tolist() == [[5, 1]]  # the patient's right is on the left
    assert np.argwhere(axial == 500).tolist() == [[1, 6]]  # the front is on top
    assert np.argwhere(coronal == 700).tolist() == [[1, 6]]  # the head is on top
    assert np.argwhere(sagittal == 500).tolist() == [[4, 1]]  # the front is on the left


AXES = [np.array(sign * np.eye(3)[axis]) for axis in range(3) for sign in (1, -1)]
TURNS = [(a, b) for a in AXES for b in AXES if abs(a @ b) < 0.5]


@pytest.mark.parametrize(("row", "column"), TURNS, ids=str)
@pytest.mark.parametrize("step", [2.0, -2.0])
def test_dicom_slices_in_every_direction_lie_where_the_standard_puts_them(
    row: np.ndarray, column: np.ndarray, step: float
) -> None:
    """24 turns, the slices handed over in both directions: 48 layouts, against PS3.3 C.7.6.2.1.1 by hand."""
    voxels = noise(9, 12, 10)
    files = made_stack(voxels, row=tuple(row), column=tuple(column), spacing_mm=(1.5, 0.5), step_mm=step)
    volume = open_scans([file_bytes(one) for one in files]).series[0].volume()
    for k, r, c in [(0, 0, 0), (3, 7, 2), (8, 11, 9)]:
        lps = np.array([-10.0, -20.0, -30.0]) + c * 0.5 * row + r * 1.5 * column + k * step * np.cross(row, column)
        x, y, z = np.rint(np.linalg.solve(volume.affine, [*(lps * (-1, -1, 1)), 1]))[:3].astype(int)
        assert volume.voxels[x, y, z] == voxels[k, r, c]
        np.testing.assert_allclose(position_mm(volume, (x, y, z)), lps * (-1, -1, 1), atol=1e-4)
    assert nib.aff2axcodes(volume.affine) == ("R", "A", "S")
    assert {plane: edge_letters(volume, plane) for plane in planes(volume)} == RADIOLOGICAL


def test_a_leaning_slice_says_both_directions() -> None:
    tilt = np.radians(30)
    files = made_stack(noise(9, 12, 10), column=(0, np.cos(tilt), np.sin(tilt)))
    volume = open_scans([file_bytes(one) for one in files]).series[0].volume()
    assert edge_letters(volume, "axial") == Edges("R", "L", "AI", "PS")


def test_a_direction_is_named_along_what_it_leans_to_by_more_than_15_degrees() -> None:
    def leaning(degrees: float) -> str:
        return direction_letters(np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees)), 0]))

    assert [leaning(14), leaning(16), leaning(74), leaning(76)] == ["R", "RA", "AR", "A"]


def test_without_an_orientation_no_letter_is_made_up() -> None:
    header = nib.Nifti1Header()
    bare = nib.Nifti1Image(patient(), None, header)
    bare.header["qform_code"] = bare.header["sform_code"] = 0
    volume = open_scans(bare.to_bytes()).series[0].volume()
    assert not volume.oriented
    assert edge_letters(volume, "axial") == Edges("", "", "", "")
    assert any("no letters are shown" in note for note in volume.notes)


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_the_voxel_under_a_pixel_has_its_value(plane: str) -> None:
    volume = open_scans(stored((2, 0, 1), (-1, 1, -1)).to_bytes()).series[0].volume()
    image = slice_image(volume, plane, 4).pixels  # type: ignore[arg-type]
    for row, column in [(0, 0), (image.shape[0] - 1, image.shape[1] - 1)]:
        voxel = voxel_at(volume, plane, 4, row, column)  # type: ignore[arg-type]
        assert volume.voxels[voxel] == round(float(image[row, column]))
