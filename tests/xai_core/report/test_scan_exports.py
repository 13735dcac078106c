"""Exports read back with the same values at the same places, and name nobody unless asked to."""

from __future__ import annotations

import gzip
from io import BytesIO

import nibabel as nib
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from tests.xai_core.images.scans.made_dicom import file_bytes, made_slice, made_stack, noise
from tests.xai_core.images.scans.test_scan_privacy import MARK, ROOT, assert_clean, marked_stack
from xai_core.errors import ImageError
from xai_core.images.display import display_pixels
from xai_core.images.scans import Volume, edge_letters, maps_to_volume, open_scans, slice_image, voxel_at
from xai_core.report.dicom import parametric_map, secondary_capture
from xai_core.report.nifti import nifti_map

MARKED = (3, 7, 5)
TURNS = [((1, 0, 0), (0, 1, 0)), ((1, 0, 0), (0, 0, -1)), ((0, 1, 0), (0, 0, -1)), ((-1, 0, 0), (0, 0.6, -0.8))]


def volume_of(stack: list[Dataset]) -> Volume:
    return open_scans([file_bytes(one) for one in stack]).series[0].volume()


def marked_map(volume: Volume) -> np.ndarray:
    values = np.random.default_rng(0).normal(size=volume.voxels.shape[:3]).astype(np.float32)
    values[MARKED] = 99.0
    return values


def place(volume: Volume, voxel: tuple[int, ...]) -> np.ndarray:
    return (volume.affine @ (*voxel, 1.0))[:3]


@pytest.mark.parametrize(("row", "column"), TURNS)
def test_a_nifti_map_lands_on_the_same_voxels(row: tuple[float, ...], column: tuple[float, ...]) -> None:
    volume = volume_of(made_stack(noise(9, 12, 10), row=row, column=column))
    image = nib.Nifti1Image.from_bytes(gzip.decompress(nifti_map(volume, marked_map(volume))))
    np.testing.assert_array_equal(np.asarray(image.dataobj), marked_map(volume))
    found = np.argwhere(np.asarray(image.dataobj) == 99)
    assert found.tolist() == [list(MARKED)]
    np.testing.assert_allclose((image.affine @ (*MARKED, 1))[:3], place(volume, MARKED), atol=1e-4)
    np.testing.assert_allclose(image.get_qform(), volume.affine, atol=1e-4)
    assert (int(image.header["sform_code"]), int(image.header["qform_code"])) == (2, 2)


@pytest.mark.parametrize(("row", "column"), TURNS)
def test_a_parametric_map_has_the_values_at_the_places(row: tuple[float, ...], column: tuple[float, ...]) -> None:
    """Read back by pydicom alone: position of a pixel by PS3.3 C.7.6.2.1.1."""
    volume = volume_of(made_stack(noise(9, 12, 10), row=row, column=column))
    values = marked_map(volume)
    dataset = pydicom.dcmread(BytesIO(parametric_map(volume, values)))
    frames = dataset.pixel_array
    np.testing.assert_array_equal(np.sort(frames.ravel()), np.sort(values.ravel()))
    frame, r, c = np.argwhere(frames == 99)[0]
    shared = dataset.SharedFunctionalGroupsSequence[0]
    along, down = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient).reshape(2, 3)
    spacing = shared.PixelMeasuresSequence[0].PixelSpacing
    group = dataset.PerFrameFunctionalGroupsSequence[frame]
    lps = np.array(group.PlanePositionSequence[0].ImagePositionPatient) + c * spacing[1] * along + r * spacing[0] * down
    np.testing.assert_allclose(lps * (-1, -1, 1), place(volume, MARKED), atol=1e-3)
    assert dataset.ContentQualification == "RESEARCH"


@pytest.mark.parametrize(("row", "column"), TURNS)
def test_our_own_reader_puts_a_parametric_map_back_on_the_volume(
    row: tuple[float, ...], column: tuple[float, ...]
) -> None:
    volume = volume_of(made_stack(noise(9, 12, 10), row=row, column=column))
    back = open_scans(parametric_map(volume, marked_map(volume))).series[0].volume()
    np.testing.assert_array_equal(back.values(back.voxels), marked_map(volume))
    np.testing.assert_allclose(back.affine, volume.affine, atol=1e-3)


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_a_secondary_capture_is_the_picture_as_seen_and_says_where_it_lies(plane: str) -> None:
    volume = volume_of(made_stack(noise(9, 12, 10)))
    image = display_pixels(slice_image(volume, plane, 4))  # type: ignore[arg-type]
    dataset = pydicom.dcmread(BytesIO(secondary_capture(volume, plane, 4, image)))  # type: ignore[arg-type]
    np.testing.assert_array_equal(dataset.pixel_array, image)
    row, column = 1, 2
    along, down = np.array(dataset.ImageOrientationPatient).reshape(2, 3)
    spacing = dataset.PixelSpacing
    lps = np.array(dataset.ImagePositionPatient) + column * spacing[1] * along + row * spacing[0] * down
    voxel = np.linalg.solve(volume.affine, [*(lps * (-1, -1, 1)), 1])[:3]
    assert tuple(np.rint(voxel).astype(int)) == voxel_at(volume, plane, 4, row, column)  # type: ignore[arg-type]
    letters = edge_letters(volume, plane)  # type: ignore[arg-type]
    heads = {"S": "H", "I": "F"}
    assert list(dataset.PatientOrientation) == [heads.get(side, side) for side in (letters.right, letters.bottom)]


def test_a_map_drawn_on_a_slice_reaches_the_file() -> None:
    volume = volume_of(made_stack(noise(9, 12, 10)))
    drawn = np.zeros(slice_image(volume, "axial", 4).size, np.float32)
    drawn[3, 2] = 7.0
    values = maps_to_volume(volume, "axial", {4: drawn})
    back = open_scans(parametric_map(volume, values)).series[0].volume()
    assert np.argwhere(back.voxels == 7).tolist() == [list(voxel_at(volume, "axial", 4, 3, 2))]


def test_exports_name_nobody() -> None:
    volume = volume_of(marked_stack())
    image = display_pixels(slice_image(volume, "axial", 4))
    values = np.ones(volume.voxels.shape, np.float32)
    values[0] = 0
    for data in (parametric_map(volume, values), secondary_capture(volume, "axial", 4, image)):
        dataset = pydicom.dcmread(BytesIO(data))
        assert (dataset.PatientID, str(dataset.PatientName)) == ("", "")
        assert "SourceImageSequence" not in dataset
        assert_clean(repr(data) + str(dataset))
    assert_clean(repr(gzip.decompress(nifti_map(volume, values))))


def test_two_exports_share_no_study() -> None:
    volume = volume_of(made_stack(noise(9, 12, 10)))
    one, other = (pydicom.dcmread(BytesIO(parametric_map(volume, marked_map(volume)))) for _ in range(2))
    assert one.StudyInstanceUID != other.StudyInstanceUID


def named_stack() -> list[Dataset]:
    stack = made_stack(noise(9, 12, 10), PatientName=f"{MARK}^A", PatientID=f"{MARK}1", FrameOfReferenceUID=f"{ROOT}.5")
    for one in stack:
        one.StudyInstanceUID = f"{ROOT}.6"
    return stack


def test_the_study_is_kept_where_the_user_asks_for_it() -> None:
    stack = named_stack()
    files = [file_bytes(one) for one in stack]
    other = file_bytes(made_stack(noise(3, 12, 10), first=(50, 50, 50))[0])
    volume = open_scans(files).series[0].volume()
    image = display_pixels(slice_image(volume, "axial", 4))
    exports = (
        parametric_map(volume, marked_map(volume), keep_study_of=[*files, other]),
        secondary_capture(volume, "axial", 4, image, keep_study_of=[*files, other]),
    )
    for data in exports:
        dataset = pydicom.dcmread(BytesIO(data))
        assert (dataset.StudyInstanceUID, dataset.FrameOfReferenceUID) == (f"{ROOT}.6", f"{ROOT}.5")
        assert (dataset.PatientID, str(dataset.PatientName)) == (f"{MARK}1", f"{MARK}^A")
        named = {item.ReferencedSOPInstanceUID for item in dataset.SourceImageSequence}
        assert named == {one.SOPInstanceUID for one in stack}


def test_files_of_another_volume_are_refused_as_its_study() -> None:
    volume = volume_of(made_stack(noise(9, 12, 10)))
    other = [file_bytes(one) for one in made_stack(noise(3, 12, 10), first=(50, 50, 50))]
    with pytest.raises(ImageError, match="None of the files given is a DICOM slice of this volume"):
        parametric_map(volume, marked_map(volume), keep_study_of=other)


def test_a_map_of_another_shape_is_refused() -> None:
    volume = volume_of(made_stack(noise(9, 12, 10)))
    for export in (nifti_map, parametric_map):
        with pytest.raises(ImageError, match=r"The map has \(2, 2, 2\) values, but the volume \(10, 12, 9\)"):
            export(volume, np.zeros((2, 2, 2), np.float32))


def unit(*direction: float) -> np.ndarray:
    return np.array(direction) / np.linalg.norm(direction)


def oblique(row: tuple[float, ...], normal: tuple[float, ...]) -> Volume:
    along = unit(*row)
    column = unit(*np.cross(unit(*normal), along))
    return volume_of(made_stack(noise(9, 12, 10), row=tuple(along), column=tuple(column)))


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
@pytest.mark.parametrize(
    ("row", "normal"), [((1, 0.5, 0.4), (0.2, -0.3, 1)), ((1, 0.4, 0), (0, 0, 1)), ((0.2, 1, 0.5), (1, 0.1, -0.4))]
)
def test_a_secondary_capture_of_an_oblique_scan_says_every_side_that_it_leans_to(
    row: tuple[float, ...], normal: tuple[float, ...], plane: str
) -> None:
    volume = oblique(row, normal)
    image = display_pixels(slice_image(volume, plane, 4))  # type: ignore[arg-type]
    dataset = pydicom.dcmread(BytesIO(secondary_capture(volume, plane, 4, image)))  # type: ignore[arg-type]
    letters = edge_letters(volume, plane)  # type: ignore[arg-type]
    expected = [side.translate(str.maketrans("SI", "HF")) for side in (letters.right, letters.bottom)]
    assert list(dataset.PatientOrientation) == expected


def test_a_secondary_capture_of_a_scan_without_a_place_says_none() -> None:
    volume = volume_of([made_slice(noise(12, 10))])
    assert not volume.oriented
    image = display_pixels(slice_image(volume, "axial", 0))
    dataset = pydicom.dcmread(BytesIO(secondary_capture(volume, "axial", 0, image)))
    assert not dataset.PatientOrientation
    assert "ImagePositionPatient" not in dataset


def tilted() -> Volume:
    """Each slice of 2 mm lies 0.6 mm further back: a gantry tilted by 17 degrees."""
    stack = made_stack(noise(9, 12, 10))
    for number, one in enumerate(stack):
        one.ImagePositionPatient = [-10.0, -20.0 + 0.6 * number, -30.0 + 2.0 * number]
    return volume_of(stack)


def test_a_parametric_map_of_a_tilted_gantry_has_the_values_at_the_places() -> None:
    volume = tilted()
    values = marked_map(volume)
    dataset = pydicom.dcmread(BytesIO(parametric_map(volume, values)))
    frame, r, c = np.argwhere(dataset.pixel_array == 99)[0]
    shared = dataset.SharedFunctionalGroupsSequence[0]
    along, down = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient).reshape(2, 3)
    spacing = shared.PixelMeasuresSequence[0].PixelSpacing
    group = dataset.PerFrameFunctionalGroupsSequence[frame]
    lps = np.array(group.PlanePositionSequence[0].ImagePositionPatient) + c * spacing[1] * along + r * spacing[0] * down
    np.testing.assert_allclose(lps * (-1, -1, 1), place(volume, MARKED), atol=1e-3)
    back = open_scans(parametric_map(volume, values)).series[0].volume()
    np.testing.assert_array_equal(back.values(back.voxels), values)
    np.testing.assert_allclose(back.affine, volume.affine, atol=1e-3)


def test_a_nifti_of_a_tilted_gantry_says_its_place_by_the_form_that_can() -> None:
    volume = tilted()
    image = nib.Nifti1Image.from_bytes(gzip.decompress(nifti_map(volume, marked_map(volume))))
    assert (int(image.header["sform_code"]), int(image.header["qform_code"])) == (2, 0)
    np.testing.assert_allclose(image.affine, volume.affine, atol=1e-4)


def test_a_picture_across_the_tilt_claims_no_place() -> None:
    volume = tilted()
    for plane, placed in (("axial", True), ("coronal", True), ("sagittal", False)):
        image = display_pixels(slice_image(volume, plane, 4))  # type: ignore[arg-type]
        dataset = pydicom.dcmread(BytesIO(secondary_capture(volume, plane, 4, image)))  # type: ignore[arg-type]
        assert ("ImagePositionPatient" in dataset) == placed
