"""NIfTI files: scales, types, steps, units, and what is refused."""

from __future__ import annotations

import gzip
from importlib.util import find_spec
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from tests.xai_core.images.scans.made_dicom import noise
from xai_core.errors import ImageError
from xai_core.images import load_image
from xai_core.images.scans import ScanLimits, Volume, open_scans

AFFINE = np.diag([1.0, 1.5, 2.0, 1.0])
VOXELS = noise(12, 11, 10)


def nifti(voxels: np.ndarray, affine: np.ndarray | None = AFFINE, **header: object) -> bytes:
    image = nib.Nifti1Image(voxels, affine)
    for key, value in header.items():
        image.header[key] = value
    return image.to_bytes()


def changed(data: bytes, **fields: object) -> bytes:
    """The file with header fields overwritten that nibabel would not write so."""
    header = nib.Nifti1Header(data[:348], check=False)
    for key, value in fields.items():
        header[key] = value
    return header.binaryblock + data[348:]


def read(data: bytes, step: int = 0) -> Volume:
    return open_scans(data).series[0].volume(step)


def data_files() -> list[Path]:
    spec = find_spec("nibabel")
    assert spec is not None
    assert spec.submodule_search_locations
    found = sorted((Path(spec.submodule_search_locations[0]) / "tests" / "data").glob("*.nii*"))
    return [path for path in found if "dconn" not in path.name]


@pytest.mark.parametrize("path", data_files(), ids=lambda path: path.name)
def test_nibabels_own_files_give_nibabels_values(path: Path) -> None:
    oracle = nib.as_closest_canonical(nib.load(path))
    expected = np.asarray(oracle.dataobj).astype(np.float32)
    series = open_scans(path).series[0]
    for step in range(len(series.steps)):
        volume = series.volume(step)
        values = expected[..., step] if expected.ndim == 4 else expected
        np.testing.assert_allclose(volume.values(volume.voxels), values, rtol=1e-6)
        np.testing.assert_allclose(volume.affine, oracle.affine, atol=1e-5)


@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "f4", "f8"])
@pytest.mark.parametrize("packed", [False, True])
def test_every_type_and_byte_order_is_read(kind: type, order: str, dtype: str, packed: bool) -> None:
    image = kind(VOXELS.astype(dtype), AFFINE, dtype=np.dtype(dtype)).as_reoriented([[0, 1], [1, 1], [2, 1]])
    header = image.header.as_byteswapped(order)
    data = kind(VOXELS.astype(np.dtype(dtype).newbyteorder(order)), AFFINE, header).to_bytes()
    volume = read(gzip.compress(data) if packed else data)
    np.testing.assert_array_equal(volume.values(volume.voxels), VOXELS.astype(dtype).astype(np.float32))


def test_the_scale_is_kept_beside_the_sixteen_bits() -> None:
    volume = read(changed(nifti(VOXELS), scl_slope=0.25, scl_inter=-7))
    assert (volume.voxels.dtype, volume.slope, volume.intercept) == (np.int16, 0.25, -7)


def test_a_series_in_time_is_a_choice_of_volumes() -> None:
    four = np.stack([VOXELS, VOXELS + 1, VOXELS + 2], axis=-1)
    series = open_scans(nifti(four)).series[0]
    assert series.steps == ("volume 1", "volume 2", "volume 3")
    np.testing.assert_array_equal(series.volume(2).voxels, VOXELS + 2)


def test_colours_are_read_as_colours() -> None:
    colours = np.zeros((12, 11, 10), np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")]))
    colours["G"] = VOXELS % 256
    volume = read(nifti(colours))
    assert volume.is_colour
    np.testing.assert_array_equal(volume.voxels[..., 1], VOXELS % 256)


@pytest.mark.parametrize(("unit", "factor"), [("meter", 1000.0), ("mm", 1.0), ("micron", 0.001)])
def test_lengths_are_given_in_millimetres(unit: str, factor: float) -> None:
    image = nib.Nifti1Image(VOXELS, AFFINE)
    image.header.set_xyzt_units(unit)
    assert read(image.to_bytes()).spacing_mm == pytest.approx([side * factor for side in (1.0, 1.5, 2.0)])


def test_values_that_are_no_number_are_told_and_black() -> None:
    voxels = VOXELS.astype(np.float32)
    voxels[0, 0, :3] = [np.nan, np.inf, -np.inf]
    volume = read(nifti(voxels))
    assert volume.notes == ("3 voxels hold no finite number; they are shown as black.",)
    assert np.isfinite([window.window.width for window in volume.windows]).all()


def test_two_orientations_that_differ_are_told() -> None:
    image = nib.Nifti1Image(VOXELS, AFFINE)
    image.set_sform(AFFINE, 1)
    image.set_qform(np.diag([-1.0, 1.5, 2.0, 1.0]), 1)
    volume = read(image.to_bytes())
    assert volume.notes == ("The file states two orientations that differ; the first (its sform) was taken.",)


def test_the_plane_of_acquisition_is_across_the_thick_axis() -> None:
    assert read(nifti(VOXELS, np.diag([5.0, 1.0, 1.0, 1.0]))).plane == "sagittal"
    assert read(nifti(VOXELS, np.diag([1.0, 1.0, 1.0, 1.0]))).plane == "axial"


def test_the_stored_window_comes_first() -> None:
    window = read(changed(nifti(VOXELS), cal_min=100, cal_max=300)).windows[0]
    assert (window.name, window.window.center, window.window.width) == ("Stored", 200, 200)


NAN_AFFINE = AFFINE.copy()
NAN_AFFINE[0, 3] = np.nan
WHOLE = nifti(VOXELS)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (nifti(np.zeros((4, 4, 4, 2, 3), np.int16)), "has 5 dimensions (4 x 4 x 4 x 2 x 3); a scan of 2 to 4"),
        (changed(WHOLE, pixdim=[1, 0, 1, 1, 1, 1, 1, 1]), "gives a voxel spacing of 0 x 1 x 1 mm; each must be above"),
        (changed(WHOLE, pixdim=[1, np.nan, 1, 1, 1, 1, 1, 1]), "gives a voxel spacing of nan x 1 x 1 mm"),
        (changed(WHOLE, srow_x=[np.nan, 0, 0, 0]), "no place in space (its matrix collapses); correct its header."),
        (changed(WHOLE, srow_x=[0, 0, 0, 0]), "no place in space (its matrix collapses); correct its header."),
        (nifti(np.full((9, 9, 9), np.nan, np.float32)), "holds no number everywhere, so there is nothing to see"),
        (nifti(np.zeros((9, 9, 9), np.int16)), "holds the value 0 everywhere, so there is nothing to see"),
        (WHOLE[:1000], "is cut short: its header promises more voxels than it holds; copy it again."),
        (gzip.compress(WHOLE)[:900], "is cut short: its header promises more voxels than it holds; copy it again."),
        (nifti(VOXELS.astype(np.complex64)), "holds complex numbers; save their magnitude and give that."),
        (changed(WHOLE, magic=b"ni1"), "is one half of a NIfTI pair (.hdr and .img); save it as a single .nii file."),
        (changed(WHOLE, dim=[3, 30000, 30000, 30000, 1, 1, 1, 1]), "at most 300 million and 20000 along an axis"),
        (changed(WHOLE, dim=[3, 12, 0, 10, 1, 1, 1, 1]), "12 x 0 x 10 x 1 voxels; a scan needs at least one"),
        (changed(WHOLE, datatype=7), "is an incomplete, damaged or unusual NIfTI file; export it again."),
    ],
)
def test_what_cannot_be_shown_is_refused_in_one_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(ImageError) as caught:
        open_scans(data).series[0].volume()
    assert sentence in str(caught.value)
    assert ". " not in str(caught.value)
    with pytest.raises(ImageError):
        load_image(data)


def test_a_gzip_that_unpacks_to_gigabytes_is_refused_without_unpacking_it() -> None:
    bomb = gzip.compress(changed(WHOLE, dim=[3, 600, 600, 600, 1, 1, 1, 1])[:352] + bytes(64_000_000), 1)
    with pytest.raises(ImageError, match="unpacks to more than 10 MB"):
        open_scans(bomb, limits=ScanLimits(max_bytes=10_000_000))
