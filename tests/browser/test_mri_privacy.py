"""Files full of marked identifiers through the MRI page: no mark on screen, in addresses, logs, files or exports."""

from __future__ import annotations

import gzip
import io
import os
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pypdf
import pytest
from playwright.sync_api import Page, TimeoutError, expect
from pydicom.data import get_testdata_file
from pydicom.uid import UID
from pydicom.valuerep import VR

from tests.browsing import ROOT, wait_until_healthy
from xai_core.report.document import Document, Text
from xai_core.report.pdf_page import pdf_page

pytestmark = pytest.mark.browser

MARK, UID_MARK = "ZQMARKEDPERSON", "987654321987"  # too long to stand in compressed bytes by chance
WAIT = 120_000
NAMING = {VR.PN, VR.LO, VR.SH, VR.LT, VR.ST, VR.UT, VR.UI}
KEPT = {"SOPClassUID", "SpecificCharacterSet", "Modality"}  # the file would be another kind without them


@dataclass(frozen=True)
class Served:
    url: str
    log: Path
    folders: Path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server whose home, caches and temporary files lie in a folder of ours, and whose log is kept."""
    root = tmp_path_factory.mktemp("served")
    names = {"HOME": "home", "XDG_CACHE_HOME": "cache", "SIGHTLINE_CACHE": "sightline", "TMPDIR": "tmp"}
    for name in names.values():
        (root / name).mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--server.headless", "true", "--server.port", str(port), "--logger.level", "debug"]
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "streamlit_app.py"), *options]
    own = {name: str(root / folder) for name, folder in names.items()}
    log = root / "server.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(command, cwd=ROOT, env={**os.environ, **own}, stdout=output, stderr=output) as server,
    ):
        base = f"http://127.0.0.1:{port}"
        try:
            wait_until_healthy(server, base)
            yield Served(base, log, root)
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    folder = tmp_path_factory.mktemp("given")
    dicom = [folder / f"{MARK}-{i}.dcm" for i in range(3)]
    for i, path in enumerate(dicom):
        path.write_bytes(marked_dicom(i))
    nifti = folder / f"{MARK}.nii.gz"
    image = nib.Nifti1Image(np.random.default_rng(0).integers(0, 900, (40, 48, 9), np.int16), np.diag([-4, 4, 9, 1.0]))
    image.header["descrip"], image.header["db_name"], image.header["aux_file"] = (f"{MARK}{i}".encode() for i in "abc")
    image.header["intent_name"] = f"{MARK}d".encode()
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", MARK.encode()))
    nib.save(image, nifti)
    return {"dicom": dicom, "nifti": [nifti]}


def marked_dicom(number: int) -> bytes:
    """pydicom's MR slice; every text and UID in it carries a mark."""
    dataset = pydicom.dcmread(str(get_testdata_file("MR_small.dcm")))
    for element in dataset:
        if element.VR in NAMING and element.keyword not in KEPT:
            element.value = f"1.2.{UID_MARK}.{element.tag.group}" if element.VR == VR.UI else f"{MARK}{number}"[:16]
    for keyword in ("PatientName", "PatientID", "PatientBirthName", "InstitutionName", "AccessionNumber"):
        setattr(dataset, keyword, f"{MARK}{number}")
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = UID(f"1.2.{UID_MARK}.7.{number}")
    dataset.ImagePositionPatient, dataset.ImageOrientationPatient = [0, 0, 3 * number], [1, 0, 0, 0, 1, 0]
    dataset.add_new(0x00091001, "LO", MARK)
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    return buffer.getvalue()


def opened(data: bytes) -> bytes:
    """The bytes of a file together with what is packed in them."""
    if data[:2] == b"\x1f\x8b":
        return data + opened(gzip.decompress(data))
    if data[:4] == b"%PDF":
        pdf = pypdf.PdfReader(io.BytesIO(data))
        return data + (str(pdf.metadata) + "".join(page.extract_text() for page in pdf.pages)).encode()
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return data + b"".join(name.encode() + opened(archive.read(name)) for name in archive.namelist())
    return data


def marks_in(data: bytes | str) -> list[str]:
    low = (data.encode() if isinstance(data, str) else opened(data)).lower()
    return [mark for mark in (MARK, UID_MARK) if mark.lower().encode() in low]


def test_the_search_finds_a_mark_in_packed_files() -> None:
    zipped = io.BytesIO()
    np.savez_compressed(zipped, recipe=np.array(f"of {UID_MARK}".encode()))
    assert marks_in(pdf_page(Document("A title", (Text(f"Of {MARK}"),)))) == [MARK]
    assert marks_in(pdf_page(Document(f"Of {MARK}", ()))) == [MARK]
    assert marks_in(gzip.compress(MARK.lower().encode())) == [MARK]
    assert marks_in(zipped.getvalue()) == [UID_MARK]


def settled(page: Page) -> None:
    page.locator("[data-test-script-state=notRunning]").wait_for(timeout=WAIT)


def saved(page: Page, button: str) -> bytes:
    """What the button gives; a click that met a button about to be redrawn is repeated."""
    for last in (False, False, True):
        settled(page)
        try:
            with page.expect_download(timeout=WAIT if last else WAIT / 6) as recipe:
                page.get_by_role("button", name=button).first.click()
            break
        except TimeoutError:
            if last:
                raise
    assert marks_in(recipe.value.suggested_filename) == []
    return Path(recipe.value.path()).read_bytes()


def exports(page: Page) -> Iterator[tuple[str, bytes]]:
    for button in ("Report (PDF)", "Report (HTML)", "Picture (PNG)", "Numbers (NPZ)"):
        yield button, saved(page, button)
    box = page.get_by_text("Maps on the scan's voxels (NIfTI, DICOM)")
    make = page.get_by_role("button", name="Make the file")
    if not make.is_visible():
        box.click()
    for kind in ("NIfTI map", "DICOM parametric map", "DICOM picture (secondary capture)"):
        page.get_by_role("radio", name=kind).click()
        expect(page.get_by_role("radio", name=kind)).to_be_checked(timeout=WAIT)
        settled(page)
        make.click()
        yield kind, saved(page, "Save it")


def give(page: Page, paths: list[Path], shown: str) -> None:
    """Upload the files, wait for the slice of this name, and let the page say and make all that it can of it."""
    page.get_by_test_id("stSidebar").locator("input[type=file]").set_input_files(paths)
    expect(page.get_by_text(shown).first).to_be_visible(timeout=WAIT)
    settled(page)
    anyway = page.get_by_text("Show scores and maps all the same")
    if anyway.count() and not page.locator(".gallery .tile").count():
        anyway.click()
    page.locator(".viewer .scene[data-heat=drawn]").first.wait_for(timeout=WAIT)
    settled(page)
    page.get_by_text("Technical facts").first.click()


@pytest.mark.slow
def test_no_mark_is_seen_anywhere(page: Page, served: Served, files: dict[str, list[Path]]) -> None:
    assert all(marks_in(path.read_bytes()) for kind in files.values() for path in kind)  # there is something to find
    recipe: list[str] = []
    page.on("request", lambda request: recipe.append(request.url))
    page.goto(f"{served.url}/mri")
    page.locator(".viewer .scene[data-slice]").first.wait_for(timeout=WAIT)
    settled(page)
    for kind, shown in (("dicom", "MR axial 2 of 3"), ("nifti", "Scan axial 5 of 9")):
        give(page, files[kind], shown)
        for button, data in exports(page):
            assert len(data) > 500, button
            assert marks_in(data) == [], (kind, button)
        assert marks_in(page.content() + page.url + "".join(page.locator("body").all_inner_texts())) == []
    stored = "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, document.title])"
    assert marks_in(page.evaluate(stored)) == []
    assert marks_in("\n".join(recipe)) == []
    assert marks_in(served.log.read_bytes()) == []
    left = [path for path in served.folders.rglob("*") if path.is_file()]
    assert [str(path) for path in left if marks_in(path.read_bytes()) or marks_in(path.name)] == []
