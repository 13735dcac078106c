"""Siemens mosaics, taken apart: nibabel's wrapper says where each voxel lies."""

from __future__ import annotations

import gzip
import struct
import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import nibabel
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from tests.xai_core.images.scans.made_dicom import file_bytes, made_slice, made_stack, noise
from xai_core.errors import ImageError
from xai_core.images.limits import DEFAULT_LIMITS
from xai_core.images.scans import Volume, open_scans
from xai_core.images.scans.open import middle_slice_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it calls itself experimental
    from nibabel.nicom.dicomwrappers import MosaicWrapper, wrapper_from_data

REAL = Path(nibabel.__file__).parent / "nicom/tests/data"  # diffusion scans of a Siemens Trio, their pixels blank
OBLIQUE = ((0.96, 0.28, 0.0), (-0.168, 0.576, -0.8))


def header(**entries: list[str]) -> bytes:
    """A CSA header of version 2: each entry with four more items that are empty."""
    made = b"SV10\4\3\2\1" + struct.pack("<2I", len(entries), 77)
    for name, values in entries.items():
        items = [value.encode() + b"\0" for value in values] + [b""] * 4
        kind = {"NumberOfImagesInMosaic": b"US\0\0", "SliceNormalVector": b"FD\0\0"}.get(name, b"LO\0\0")
        made += struct.pack("<64si4s3i", name.encode(), len(values), kind, 6, len(items), 77)
        for item in items:
            made += struct.pack("<4i", len(item), len(item), 77, len(item)) + item + bytes(-len(item) % 4)
    return made


def mosaic(
    slices: np.ndarray,
    *,
    turned: bool = False,
    directions: tuple[tuple[float, ...], ...] = OBLIQUE,
    without: tuple[str, ...] = (),
    more: dict[str, list[str]] | None = None,
    **elements: object,
) -> Dataset:
    """(slice, row, column) as Siemens stores it. turned: the slices follow against the picture's normal."""
    count, rows, columns = slices.shape
    side = int(np.ceil(np.sqrt(count)))
    padded = np.concatenate([slices, np.zeros((side**2 - count, rows, columns), slices.dtype)])
    whole = padded.reshape(side, side, rows, columns).transpose(0, 2, 1, 3).reshape(side * rows, side * columns)
    normal = np.cross(*directions) * (-1 if turned else 1)
    given = {
        "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"],
        "ImagePositionPatient": [-90.5, 35.25, 12.0],
        "ImageOrientationPatient": [*directions[0], *directions[1]],
        "PixelSpacing": [1.5, 2.0],
        "SpacingBetweenSlices": 4.4,
        "SliceThickness": 4.0,
        "AcquisitionNumber": 1,
    }
    dataset = made_slice(whole, **{name: value for name, value in (given | elements).items() if value is not None})
    entries = {
        "NumberOfImagesInMosaic": [str(count)],
        "SliceNormalVector": [f"{x:.8f}" for x in normal],
        "AcquisitionMatrixText": ["5p*6"],
        "Name": ["Doe^John"],
        **(more or {}),
    }
    block = dataset.private_block(0x29, "SIEMENS CSA HEADER", create=True)
    block.add_new(0x10, "OB", header(**{name: value for name, value in entries.items() if name not in without}))
    return dataset


def places(dataset: Dataset) -> dict[int, tuple[float, ...]]:
    """{value: where nibabel says that it lies, RAS millimetres}, of distinct values."""
    wrapper = wrapper_from_data(dcmread(BytesIO(file_bytes(dataset))))
    assert isinstance(wrapper, MosaicWrapper)
    data = np.asarray(wrapper.get_data())
    return _places(data, np.diag([-1.0, -1.0, 1.0, 1.0]) @ wrapper.affine)


def _places(data: np.ndarray, affine: np.ndarray) -> dict[int, tuple[float, ...]]:
    """Of values above 0."""
    index = np.argwhere(data > 0)
    where = index @ affine[:3, :3].T + affine[:3, 3]
    return {int(data[tuple(at)]): tuple(place) for at, place in zip(index, where, strict=True)}


def opened(*datasets: Dataset) -> Volume:
    return open_scans([file_bytes(one) for one in datasets]).series[0].volume()


def agree(volume: Volume, expected: dict[int, tuple[float, ...]]) -> None:
    found = _places(volume.voxels, volume.affine)
    assert found.keys() == expected.keys()
    np.testing.assert_allclose([found[v] for v in expected], list(expected.values()), atol=1e-3)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("shape", [(1, 6, 8), (4, 6, 8), (5, 7, 6), (9, 5, 5), (13, 4, 6)])
@pytest.mark.parametrize(
    "directions",
    [OBLIQUE, ((1, 0, 0), (0, 1, 0)), ((0, 1, 0), (0, 0, -1)), ((-1, 0, 0), (0, 0, -1))],
    ids=["oblique", "axial", "sagittal", "coronal"],
)
def test_every_voxel_lies_where_nibabel_puts_it(
    shape: tuple[int, int, int], turned: bool, directions: tuple[tuple[float, ...], ...]
):
    values = 1 + np.arange(np.prod(shape), dtype=np.int16).reshape(shape)
    dataset = mosaic(values, turned=turned, directions=directions)
    volume = opened(dataset)
    agree(volume, places(dataset))
    assert sorted(volume.spacing_mm or ()) == pytest.approx([1.5, 2.0, 4.4 if shape[0] > 1 else 4.0])
    assert (volume.missing, volume.notes) == ((), ())


@pytest.mark.parametrize("name", ["siemens_dwi_0.dcm.gz", "siemens_dwi_1000.dcm.gz"])
def test_a_scanners_own_mosaics_lie_where_nibabel_puts_them(name: str):
    dataset = dcmread(BytesIO(gzip.decompress((REAL / name).read_bytes())))
    side = 7  # for 48 slices; the pixels are 896 x 896, blank in the file
    marked = np.zeros((dataset.Rows, dataset.Columns), np.uint16)
    for index in range(48):
        row, column = divmod(index, side)
        marked[row * 128 + 3 + index, column * 128 + 2 * index] = 1000 + index
    dataset.PixelData = marked.tobytes()
    volume = opened(dataset)
    agree(volume, places(dataset))
    assert volume.voxels.shape == (128, 128, 48)
    assert volume.tags["Matrix"] == "128 x 128"


def test_mosaics_of_a_series_are_its_volumes_in_time():
    first, second = noise(6, 5, 4, seed=1), noise(6, 5, 4, seed=2)
    files = [
        file_bytes(mosaic(values, AcquisitionNumber=number, SeriesInstanceUID="1.2.3"))
        for number, values in ((2, second), (1, first))
    ]
    (series,) = open_scans(files).series
    assert (series.slices, series.steps) == (6, ("acquisition 1", "acquisition 2"))
    for step, values in enumerate((first, second)):
        assert np.sort(series.volume(step).voxels, None).tolist() == np.sort(values, None).tolist()


def test_one_picture_of_a_mosaic_is_one_slice():
    slices = 1 + np.arange(5 * 9 * 10, dtype=np.int16).reshape(5, 9, 10)
    image = middle_slice_of(file_bytes(mosaic(slices, PixelSpacing=[2.0, 2.0])), DEFAULT_LIMITS)
    assert image.size == (9, 10)
    assert any("holds 5 slices" in note for note in image.notes)


REFUSED: dict[str, tuple[Callable[[], Dataset], str]] = {
    "no header": (lambda: made_slice(noise(64, 64), ImageType=["ORIGINAL", "PRIMARY", "MOSAIC"]), "this file lacks"),
    "no number": (lambda: mosaic(noise(4, 5, 6), without=("NumberOfImagesInMosaic",)), "this file lacks"),
    "no direction": (lambda: mosaic(noise(4, 5, 6), without=("SliceNormalVector",)), "this file lacks"),
    "no spacing": (lambda: mosaic(noise(4, 5, 6), SpacingBetweenSlices=None), "this file lacks"),
    "a number of nonsense": (lambda: mosaic(noise(4, 5, 6), more={"NumberOfImagesInMosaic": ["-4"]}), "lacks"),
    "many": (lambda: mosaic(noise(4, 5, 6), more={"NumberOfImagesInMosaic": ["99999"]}), "lacks"),
    "another number": (lambda: mosaic(noise(4, 5, 6), more={"NumberOfImagesInMosaic": ["9"]}), "into so many"),
    "no position": (lambda: mosaic(noise(4, 5, 6), ImagePositionPatient=None), "does not say where they lie"),
    "no size of pixels": (lambda: mosaic(noise(4, 5, 6), PixelSpacing=[0.0, 0.0]), "does not say where they lie"),
    "another direction": (
        lambda: mosaic(noise(4, 5, 6), more={"SliceNormalVector": ["1", "0", "0"]}),
        "contradict its orientation",
    ),
    "a direction of nonsense": (
        lambda: mosaic(noise(4, 5, 6), more={"SliceNormalVector": ["nan", "0", "inf"]}),
        "this file lacks",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_mosaic_does_not_say_is_not_guessed(name: str):
    make, reason = REFUSED[name]
    with pytest.raises(ImageError, match=f"is a mosaic, many slices as tiles .*{reason}.* convert it by dcm2niix"):
        open_scans(file_bytes(make()))
    found = open_scans([file_bytes(one) for one in (make(), *made_stack(noise(3, 9, 7)))])
    assert len(found.series) == 1
    assert any("is a mosaic" in said for said in found.left_out)


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_header_is_refused_or_moves_nothing(seed: int):
    slices = 1 + np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6)
    dataset, random = mosaic(slices), np.random.default_rng(seed)
    expected = places(dataset)
    block = dataset.private_block(0x29, "SIEMENS CSA HEADER")
    damaged = bytearray(block[0x10].value)
    if seed % 4 == 0:
        del damaged[int(random.integers(1, len(damaged))) :]
    else:
        for place in random.integers(0, len(damaged), 3):
            damaged[place] = int(random.integers(0, 256))
    block[0x10].value = bytes(damaged)
    try:
        volume = opened(dataset)
    except ImageError:
        return
    found = _places(volume.voxels, volume.affine)  # fewer, where the number is another one now
    np.testing.assert_allclose(list(found.values()), [expected[value] for value in found], atol=1e-3)


def test_nothing_of_the_header_is_kept():
    scans = open_scans(file_bytes(mosaic(noise(4, 5, 6))))
    volume = scans.series[0].volume()
    assert "Doe" not in repr((scans, volume.tags, volume.notes, scans.series[0].tags))
