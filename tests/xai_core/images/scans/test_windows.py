"""The grey on screen is the grey that the file asks for."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut

from tests.xai_core.images.scans.made_dicom import file_bytes, made_slice
from tests.xai_core.images.scans.test_dicom_parity import FOLDERS, folder
from xai_core.images.display import display_pixels
from xai_core.images.scans import NamedWindow, Volume, open_scans, slice_image
from xai_core.types import Window

RAMP = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)


def volume_of(dataset: Dataset) -> Volume:
    return open_scans(file_bytes(dataset)).series[0].volume()


def grey(volume: Volume, window: NamedWindow) -> np.ndarray:
    return display_pixels(slice_image(volume, volume.plane, 0, window.window))[..., 0]


def oracle(dataset: Dataset, index: int = 0) -> np.ndarray:
    """pydicom's own display values, 0 to 255."""
    shown = apply_voi_lut(apply_modality_lut(dataset.pixel_array, dataset), dataset, index).astype(np.float64)
    bits = dataset.VOILUTSequence[index].LUTDescriptor[2] if "VOILUTSequence" in dataset else dataset.BitsStored
    low, high = 0.0, 2.0**bits - 1
    if "RescaleSlope" in dataset and "VOILUTSequence" not in dataset:
        low, high = (end * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept) for end in (low, high))
    share = (shown - low) / (high - low)
    return 255 * (1 - share if dataset.PhotometricInterpretation == "MONOCHROME1" else share)


@pytest.mark.parametrize("function", [None, "LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize("photometric", ["MONOCHROME2", "MONOCHROME1"])
@pytest.mark.parametrize("rescale", [{}, {"RescaleSlope": 2.0, "RescaleIntercept": -300.0}])
def test_a_stored_window_shows_what_pydicom_shows(
    function: str | None, photometric: str, rescale: dict[str, float]
) -> None:
    voi = {"VOILUTFunction": function} if function else {}
    dataset = made_slice(
        RAMP,
        BitsStored=12,
        HighBit=11,
        PhotometricInterpretation=photometric,
        WindowCenter=[900.0, 2000.0],
        WindowWidth=[500.0, 3000.0],
        **voi,
        **rescale,
    )
    volume = volume_of(dataset)
    assert [window.name for window in volume.windows[:3]] == ["Stored 1", "Stored 2", "Automatic"]
    for index in (0, 1):
        assert np.abs(grey(volume, volume.windows[index]) - oracle(dataset, index)).max() <= 0.76


def test_a_display_table_is_followed_entry_by_entry() -> None:
    table = Dataset()
    entries = (np.sqrt(np.arange(1024) / 1023) * 4095).astype(np.uint16)
    table.LUTDescriptor, table.LUTData = [1024, 500, 12], entries.tolist()
    table.LUTExplanation = "NAME^OF^A^PATIENT"
    dataset = made_slice(RAMP, BitsStored=12, HighBit=11, VOILUTSequence=[table])
    dataset["VOILUTSequence"][0]["LUTDescriptor"].VR = dataset["VOILUTSequence"][0]["LUTData"].VR = "US"
    volume = volume_of(dataset)
    assert volume.windows[0].name == "Stored"
    assert np.abs(grey(volume, volume.windows[0]) - oracle(dataset)).max() <= 0.51


def test_pydicoms_own_file_with_a_display_table_agrees() -> None:
    path = folder(*FOLDERS[1]) / "vlut_04.dcm"
    volume = open_scans(path).series[0].volume()
    assert np.abs(grey(volume, volume.windows[0]) - oracle(pydicom.dcmread(path))).max() <= 0.51


def test_monochrome1_is_white_where_the_value_is_low_in_every_window() -> None:
    volume = volume_of(made_slice(RAMP, PhotometricInterpretation="MONOCHROME1"))
    for window in volume.windows:
        shown = grey(volume, window)
        assert (shown[0, 0], shown[-1, -1]) == (255, 0)


def test_the_automatic_window_ignores_air_and_single_bright_pixels() -> None:
    pixels = np.zeros((64, 64), np.int16)
    pixels[20:40, 20:40] = np.arange(400).reshape(20, 20) + 1000
    pixels[0, 0] = 32000
    automatic, whole = volume_of(made_slice(pixels)).windows
    ends = [automatic.window.center + sign * automatic.window.width / 2 for sign in (-1, 1)]
    assert 1000 <= ends[0] < ends[1] <= 1400
    assert whole == NamedWindow("Whole range", Window(16000, 32000))


def test_computed_tomography_gets_its_customary_windows() -> None:
    volume = volume_of(made_slice(RAMP.astype(np.int16), Modality="CT"))
    assert ("Brain", Window(40, 80)) in [(window.name, window.window) for window in volume.windows]


def test_the_window_is_part_of_the_digest_since_the_model_sees_through_it() -> None:
    volume = volume_of(made_slice(RAMP))
    narrow, wide = (slice_image(volume, "axial", 0, Window(100, width)) for width in (10, 1000))
    assert narrow.digest != wide.digest
    np.testing.assert_array_equal(narrow.pixels, wide.pixels)
