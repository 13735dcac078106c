"""What every file to take along from the MRI page must keep, and that one more is one record and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.mri import export
from dashboard.mri.export import EXPORTS, VOXEL_EXPORTS, Export, OnVoxels, VoxelExport
from dashboard.mri.report import Seen
from dashboard.mri.scan import NO_LETTERS, Place, Scan
from dashboard.shared.cautions import InputCautions
from tests.pages.test_mri import reading
from xai_core.images.scans import slice_image, slice_size
from xai_core.images.scans.samples import load_scan_sample
from xai_core.types import Box

PAGE = Path(__file__).resolve().parents[2] / "pages" / "mri.py"
BEGINS = {".pdf": b"%PDF", ".html": b"<!doctype", ".png": b"\x89PNG", ".npz": b"PK\x03\x04", ".gz": b"\x1f\x8b"}
NOTE = "the reader's own words"


@pytest.fixture(scope="module")
def given() -> OnVoxels:
    volume = load_scan_sample("simulated-lesion")[0]
    height, width = slice_size(volume, "sagittal")
    at, box = Place("sagittal", 138), Box(0, 0, width, height)
    one = replace(reading([0.1, 0.7, 0.1, 0.1], 1.0), box=box)
    image = slice_image(volume, "sagittal", 138)
    seen = Seen(image, at, one, NO_LETTERS, InputCautions((), ()), "A scan", None, NOTE, "now", {})
    return OnVoxels(Scan("1", volume), volume, seen, {138: one}, 1)


def forgotten(one: Export | VoxelExport, data: bytes, others: tuple[Export | VoxelExport, ...]) -> list[str]:
    """What an export's record leaves open, in words. data: the file that it has made."""
    name, ending = f"The export '{one.label}'", Path(one.file).suffix
    said = []
    if one.label in {other.label for other in others}:
        said.append(f"{name} has the label of another.")
    if not one.file.startswith("sightline-"):
        said.append(f"{name} is saved as {one.file}: begin with sightline-, and with no name of the visitor's.")
    if ending == ".dcm":
        if data[128:132] != b"DICM":
            said.append(f"{name} ends in .dcm and is no DICOM file.")
    elif ending not in BEGINS:
        said.append(f"{name} ends in {ending}, of which this test does not know how such files begin: add it.")
    elif not data.startswith(BEGINS[ending]):
        said.append(f"{name} ends in {ending} and does not begin as such files do.")
    return said


@pytest.mark.parametrize("one", EXPORTS, ids=lambda one: one.label)
def test_every_export_is_the_file_that_its_name_says(one: Export, given: OnVoxels) -> None:
    assert forgotten(one, one.make(given.seen, 1), tuple(other for other in EXPORTS if other is not one)) == []


@pytest.mark.parametrize("one", VOXEL_EXPORTS, ids=lambda one: one.label)
def test_every_export_on_voxels_is_the_file_that_its_name_says(one: VoxelExport, given: OnVoxels) -> None:
    data = one.make(given)
    assert forgotten(one, data, tuple(other for other in VOXEL_EXPORTS if other is not one)) == []
    assert NOTE.encode() not in data


def test_what_a_new_export_forgot_is_said_in_words(given: OnVoxels) -> None:
    careless = replace(EXPORTS[0], file="anna.png", make=lambda _seen, _k: b"%PDF")
    assert forgotten(careless, careless.make(given.seen, 1), EXPORTS) == [
        "The export 'Report (PDF)' has the label of another.",
        "The export 'Report (PDF)' is saved as anna.png: begin with sightline-, and with no name of the visitor's.",
        "The export 'Report (PDF)' ends in .png and does not begin as such files do.",
    ]


def test_a_made_up_export_is_offered_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    made_up = Export("Slice (PNG, doubled)", "sightline-double.png", ":material/image:", lambda _seen, _k: b"\x89PNG")
    monkeypatch.setattr(export, "EXPORTS", (*EXPORTS, made_up))
    app = AppTest.from_file(str(PAGE), default_timeout=240).run()
    assert not app.exception, app.exception[0].message
    labels = [button.label for button in app.download_button]
    assert labels == [one.label for one in (*EXPORTS, made_up)]


def test_the_map_on_voxels_is_of_the_class_that_was_chosen(given: OnVoxels) -> None:
    values = export._values(given)
    assert values.shape == given.volume.voxels.shape
    assert float(np.abs(values).max()) == pytest.approx(1.0)
    assert float(np.abs(export._values(replace(given, class_index=0))).max()) == 0
