"""What every format of scans must say of itself, and that a made-up one is taken wherever scans are."""

from __future__ import annotations

from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest

import xai_core as xai
from dashboard.mri.scan_files import open_files
from xai_core.images import scan_format as formats
from xai_core.images.limits import Limits
from xai_core.images.scan_format import FORMATS, ScanFormat, is_scan_name
from xai_core.images.scans import ScanLimits, Volume, open_scans
from xai_core.images.scans import open as opening
from xai_core.images.scans.open import READERS, ScanReader

OTHERS = (b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"PK\x03\x04", b"%PDF-1.7", bytes(400))


def forgotten(one: ScanFormat) -> list[str]:
    """What a format's record leaves open, in words."""
    name, said = f"The format {one.name}", []
    if one.name not in opening.READERS:
        said.append(f"{name} has no reader in scans/open.py: say how its files become series.")
    if not one.endings:
        said.append(f"{name} has no endings: a file's name may name a patient, and a message would repeat it.")
    said += [
        f"{name}: write the ending {e} with its dot, in lower case." for e in one.endings if e != f".{e[1:].lower()}"
    ]
    if any(one.fits(start) for start in OTHERS):
        said.append(f"{name} takes files that are none: tell it by more of the first bytes.")
    return said


@pytest.mark.parametrize("one", FORMATS, ids=lambda one: one.name)
def test_every_format_says_all_that_is_asked_of_it(one: ScanFormat) -> None:
    assert forgotten(one) == []


def test_every_reader_has_a_format() -> None:
    assert list(READERS) == [one.name for one in FORMATS]


def test_what_a_new_format_forgot_is_said_in_words() -> None:
    assert forgotten(ScanFormat("TOY", (), lambda _data: True)) == [
        "The format TOY has no reader in scans/open.py: say how its files become series.",
        "The format TOY has no endings: a file's name may name a patient, and a message would repeat it.",
        "The format TOY takes files that are none: tell it by more of the first bytes.",
    ]
    assert forgotten(replace(TOY, endings=("toy",)))[1:] == [
        "The format TOY: write the ending toy with its dot, in lower case."
    ]


# A made-up format, as one file would hold it: a mark, and the voxels of a small volume.

TOY = ScanFormat("TOY", (".toy",), lambda data: data.startswith(b"TOYSCAN"))


def _nifti() -> bytes:
    voxels = np.random.default_rng(0).normal(size=(12, 14, 16)).astype(np.float32)
    return nib.Nifti1Image(voxels, np.diag([2.0, 2.0, 2.0, 1.0])).to_bytes()


def _first(_data: bytes, _limits: Limits) -> tuple[Volume, int]:
    series = READERS["NIfTI"].parts(_nifti(), "A file", ScanLimits())[0]
    return series.volume(), series.slices


READER = ScanReader(
    lambda _data, label, limits: READERS["NIfTI"].parts(_nifti(), label, limits),
    lambda parts, _limits: ([replace(part, title="A toy's head") for part in parts], ["One toy was left out."]),
    _first,
)


@pytest.fixture
def _listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "FORMATS", (*FORMATS, TOY))
    monkeypatch.setattr(opening, "READERS", {**READERS, "TOY": READER})


@pytest.mark.usefixtures("_listed")
def test_a_made_up_format_is_read_as_series_as_a_picture_and_on_the_mri_page() -> None:
    assert forgotten(TOY) == []
    found = open_scans([b"TOYSCAN", _nifti()])
    assert sorted(series.title for series in found.series)[0] == "A toy's head"
    assert (len(found.series), found.left_out) == (2, ("One toy was left out.",))
    image = xai.load_image(b"TOYSCAN", name="anna.toy")
    assert (image.kind, "anna" in image.name) == ("scan", False)
    assert is_scan_name("anna.toy")
    opened = open_files([b"TOYSCAN"], 1, lambda _done, _total: None)
    assert [series.title for series in opened.series] == ["A toy's head"]
    assert opened.files == ()  # no export goes into the study of such a file
