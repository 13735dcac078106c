"""Slices with square pixels, and maps that come back to the voxels that they came from."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from tests.xai_core.images.scans.made_dicom import noise
from xai_core.errors import ImageError
from xai_core.images.scans import (
    Volume,
    maps_to_volume,
    open_scans,
    planes,
    slice_count,
    slice_image,
    slice_values,
    voxel_at,
)


def volume_of(voxels: np.ndarray, spacing_mm: tuple[float, float, float]) -> Volume:
    return open_scans(nib.Nifti1Image(voxels, np.diag([*spacing_mm, 1.0])).to_bytes()).series[0].volume()


THICK = volume_of(noise(40, 30, 9), (1.0, 1.0, 4.0))


def test_square_voxels_are_shown_one_by_one() -> None:
    image = slice_image(THICK, "axial", 3)
    np.testing.assert_array_equal(image.pixels, THICK.voxels[::-1, ::-1, 3].T.astype(np.float32))
    assert (image.kind, image.size, image.spacing_mm) == ("scan", (30, 40), (1.0, 1.0))


def test_thick_slices_seen_from_the_side_keep_the_patients_shape() -> None:
    image = slice_image(THICK, "coronal", 3)
    assert (image.size, image.spacing_mm) == ((36, 40), (1.0, 1.0))
    assert slice_values(THICK, "coronal", 3).shape == (9, 40)
    assert slice_image(THICK, "sagittal", 3).size == (36, 30)


def test_between_the_voxels_it_is_linear() -> None:
    steep = np.broadcast_to(np.arange(9) * 100.0, (10, 10, 9)).astype(np.float32)
    column = slice_image(volume_of(steep, (1.0, 1.0, 4.0)), "coronal", 3).pixels[:, 0]
    expected = np.interp((np.arange(36) + 0.5) / 4 - 0.5, np.arange(9), np.arange(9) * 100.0)[::-1]
    np.testing.assert_allclose(column, expected, atol=1e-4)


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (1.0, 1.0, 4.0), (0.7, 1.3, 3.1), (3.0, 0.5, 0.5)])
def test_a_marked_voxel_comes_back_where_it_was(plane: str, spacing: tuple[float, float, float]) -> None:
    volume = volume_of(noise(12, 11, 10), spacing)
    for voxel in [(2, 7, 5), (0, 0, 0), (11, 10, 9), (6, 3, 8)]:
        index = voxel[{"sagittal": 0, "coronal": 1, "axial": 2}[plane]]
        height, width = slice_image(volume, plane, index).size  # type: ignore[arg-type]
        under = [
            [voxel_at(volume, plane, index, row, column) == voxel for column in range(width)]  # type: ignore[arg-type]
            for row in range(height)
        ]
        marked = np.array(under, np.float32)
        assert marked.sum() >= 1
        back = maps_to_volume(volume, plane, {index: marked})  # type: ignore[arg-type]
        assert np.unravel_index(back.argmax(), back.shape) == voxel
        assert back[voxel] > 0.99


def test_a_map_of_another_size_is_refused() -> None:
    with pytest.raises(ImageError, match=r"A map has \(9, 40\) pixels, but slices in this plane have \(36, 40\)"):
        maps_to_volume(THICK, "coronal", {0: np.zeros((9, 40), np.float32)})


def test_a_slice_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ImageError, match=r"The volume has 9 axial slices, so there is no number 10; give 1 to 9\."):
        slice_image(THICK, "axial", 9)


def test_planes_that_would_be_flat_are_not_offered() -> None:
    assert planes(THICK) == ("axial", "coronal", "sagittal")
    assert planes(volume_of(noise(40, 30, 3), (1.0, 1.0, 4.0))) == ("axial",)
    assert slice_count(THICK, "sagittal") == 40


def test_pixels_are_read_only_and_the_volume_too() -> None:
    with pytest.raises(ValueError, match="read-only"):
        slice_image(THICK, "axial", 0).pixels[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        THICK.voxels[0, 0, 0] = 1
