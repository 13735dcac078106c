"""Where the three planes through a voxel cross, against nibabel's canonical axes."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from tests.xai_core.images.scans.test_orientation import ORDERS, stored
from xai_core.images.scans import crossing_at, crossing_planes, middle_slice, open_scans, slice_image, slice_size
from xai_core.images.scans.volume import PLANES, Plane


def brightest(image: nib.Nifti1Image) -> dict[Plane, int]:
    """The slices through the brightest voxel, by nibabel: sagittal ones are numbered along x, to the right."""
    canonical = np.asarray(nib.as_closest_canonical(image).dataobj)
    x, y, z = np.unravel_index(canonical.argmax(), canonical.shape)
    return {"sagittal": int(x), "coronal": int(y), "axial": int(z)}


def centre(pixels: np.ndarray) -> tuple[float, float]:
    """Mean place of what is above 100: shares of width and height."""
    weights = np.clip(pixels - 100, 0, None).astype(np.float64)
    rows, columns = (np.arange(side) + 0.5 for side in pixels.shape)
    total = weights.sum()
    return float(weights.sum(0) @ columns / total / len(columns)), float(weights.sum(1) @ rows / total / len(rows))


@pytest.mark.parametrize(("order", "signs"), ORDERS)
def test_all_three_pictures_show_the_voxel_where_the_other_planes_cross(
    order: tuple[int, ...], signs: tuple[int, ...]
) -> None:
    three = stored(order, signs)
    voxels = np.asarray(three.dataobj)
    image = nib.Nifti1Image(np.where(voxels == voxels.max(), voxels, np.int16(100)), three.affine)
    volume, numbers = open_scans(image.to_bytes()).series[0].volume(), brightest(image)
    for plane in PLANES:
        picture = slice_image(volume, plane, numbers[plane])
        assert picture.size == slice_size(volume, plane)
        np.testing.assert_allclose(crossing_at(volume, plane, numbers), centre(picture.pixels), atol=0.02)


def test_the_sagittal_plane_cuts_an_axial_picture_from_front_to_back() -> None:
    assert crossing_planes("axial") == ("sagittal", "coronal")
    assert crossing_planes("coronal") == ("sagittal", "axial")
    assert crossing_planes("sagittal") == ("coronal", "axial")


def test_the_middle_slice_of_a_mark_is_that_of_its_mean_place() -> None:
    marked = np.zeros((9, 8, 7), bool)
    marked[2:5, 6, 1:6:2] = True
    assert [middle_slice(marked, plane) for plane in ("sagittal", "coronal", "axial")] == [3, 6, 3]
