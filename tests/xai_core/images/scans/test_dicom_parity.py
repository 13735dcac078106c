"""Every file of pydicom's own collections gives the values that pydicom's own pipeline gives, in the right places."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.pixels import apply_color_lut, apply_modality_lut

from xai_core.errors import ImageError
from xai_core.images import load_image
from xai_core.images.scans import Volume, open_scans, slice_values

FOLDERS = [("pydicom", "data/test_files"), ("data_store", "data")]
SWAPPED = ("OBXXXX1A_expb.dcm", "OBXXXX1A_expb_2frame.dcm")  # pydicom reads the palette's words in the wrong order
CUT_SHORT = "JPEG2000-embedded-sequence-delimiter.dcm"


def folder(package: str, inside: str) -> Path:
    spec = find_spec(package)
    assert spec is not None, f"{package} is a requirement of the tests"
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / inside


def files() -> list[Path]:
    """All files whose pixels pydicom's own pipeline can show."""
    found = [path for place in FOLDERS for path in sorted(folder(*place).rglob("*")) if path.is_file()]
    return [path for path in found if path.suffix in (".dcm", "") and holds_pixels(path)]


def holds_pixels(path: Path) -> bool:
    try:
        dataset = pydicom.dcmread(path, stop_before_pixels=False, specific_tags=["PixelData", "FloatPixelData"])
    except Exception:
        return False
    return "PixelData" in dataset or "FloatPixelData" in dataset


def oracle(path: Path) -> np.ndarray | None:
    """(frames, rows, columns[, 3]) by pydicom alone: decode, then the palette or the modality transformation."""
    dataset = pydicom.dcmread(path)
    try:
        stored = dataset.pixel_array
    except Exception:
        return None
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        values = apply_color_lut(stored, dataset)[..., :3]
    elif int(dataset.SamplesPerPixel) > 1:
        values = stored
    else:
        values = apply_modality_lut(stored, rescale_of(dataset)).astype(np.float32)
    frames = int(dataset.get("NumberOfFrames") or 1)
    return values.reshape(frames, *values.shape[int(frames > 1) :])


def rescale_of(dataset: Dataset) -> Dataset:
    """Where the modality transformation stands: in the shared functional group of an enhanced file."""
    shared = (dataset.get("SharedFunctionalGroupsSequence") or [Dataset()])[0]
    return (shared.get("PixelValueTransformationSequence") or [dataset])[0]


def eight_bits(colours: np.ndarray, dataset: Dataset) -> np.ndarray:
    palette = dataset.PhotometricInterpretation == "PALETTE COLOR"
    bits = dataset.RedPaletteColorLookupTableDescriptor[2] if palette else dataset.BitsStored
    return (colours // 2 ** (bits - 8)).astype(np.uint8)


def frame_position(dataset: Dataset, frame: int) -> tuple[np.ndarray, np.ndarray, list[float]] | None:
    """Position, orientation (row, column) and spacing of a frame as the standard has it; None where not stated."""
    if "PerFrameFunctionalGroupsSequence" in dataset:
        own, shared = dataset.PerFrameFunctionalGroupsSequence[frame], dataset.SharedFunctionalGroupsSequence[0]
        place = own.PlanePositionSequence[0].ImagePositionPatient
        group = own if "PlaneOrientationSequence" in own else shared
        turn = group.PlaneOrientationSequence[0].ImageOrientationPatient
        group = own if "PixelMeasuresSequence" in own else shared
        return np.array(place), np.array(turn).reshape(2, 3), list(group.PixelMeasuresSequence[0].PixelSpacing)
    if "ImagePositionPatient" not in dataset or "ImageOrientationPatient" not in dataset:
        return None
    turn = np.array(dataset.ImageOrientationPatient).reshape(2, 3)
    offset = dataset.GridFrameOffsetVector[frame] if "GridFrameOffsetVector" in dataset else 0.0
    return np.array(dataset.ImagePositionPatient) + offset * np.cross(*turn), turn, list(dataset.PixelSpacing)


def frame_of(volume: Volume, dataset: Dataset, frame: int) -> np.ndarray:
    """The volume's values at the places of a stored frame's pixels, rows and columns as stored."""
    place = frame_position(dataset, frame)
    if place is None:
        assert not volume.oriented
        return slice_values(volume, "axial", frame)
    first, (row, column), spacing = place
    rows, columns = np.mgrid[: dataset.Rows, : dataset.Columns]
    where = first + columns[..., None] * spacing[1] * row + rows[..., None] * spacing[0] * column
    ras = np.concatenate([where * (-1, -1, 1), np.ones((*rows.shape, 1))], axis=-1)
    voxel = ras @ np.linalg.inv(volume.affine).T
    nearest = np.rint(voxel[..., :3]).astype(int)
    assert np.abs(voxel[..., :3] - nearest).max() < 0.02
    part = volume.voxels[tuple(np.moveaxis(nearest, -1, 0))]
    return part if volume.is_colour else volume.values(part)


FILES = files()


def test_the_collections_are_there() -> None:
    assert len(FILES) > 140


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_values_are_those_of_pydicom(path: Path) -> None:
    expected = oracle(path)
    if expected is None:
        with pytest.raises(ImageError):
            open_scans(path).series[0].volume()
        return
    dataset = pydicom.dcmread(path)
    if path.name in SWAPPED:
        expected = oracle(path.with_name(path.name.replace("_expb", "")))
        assert expected is not None
    volume = open_scans(path).series[0].volume()
    colour = expected.ndim == 4
    assert volume.is_colour == colour
    for frame in sorted({*range(0, len(expected), 10), len(expected) - 1}):
        values = expected[frame]
        wanted = eight_bits(values, dataset) if colour else values
        np.testing.assert_array_equal(frame_of(volume, dataset, frame), wanted)


@pytest.mark.parametrize("name", ["JPEG-lossy.dcm", "JPGExtended.dcm"])
def test_twelve_bit_jpeg_gives_the_values_that_pydicom_documents(name: str) -> None:
    """pydicom's own reference values, from a decoder that we do not use; and it looks like the lossless original."""
    ours = load_image(folder(*FOLDERS[0]) / name).pixels
    assert (ours[420, 140], ours[230, 120]) == (244, 95)
    exact = pydicom.dcmread(folder(*FOLDERS[1]) / "JPEG2000_UNC.dcm").pixel_array
    assert np.corrcoef(ours.ravel(), exact.ravel())[0, 1] > 0.95


def test_a_lying_frame_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(ImageError, match=r"says 256 x 1024 pixels, but a frame in it 3722445056 x 1024"):
        open_scans(folder(*FOLDERS[0]) / CUT_SHORT).series[0].volume()
