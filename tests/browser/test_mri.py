"""The MRI page in a real browser: open from the start, one's own DICOM without its names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from playwright.sync_api import Page, expect
from pydicom.data import get_testdata_file

from tests.browser.conftest import PageOpener, ServerStarter

pytestmark = pytest.mark.browser

APP = Path(__file__).resolve().parents[2] / "streamlit_app.py"
MARK = "ZZMARKED"
WAIT = 120_000


@pytest.fixture(scope="module")
def url(start_server: ServerStarter) -> Iterator[str]:
    with start_server(APP) as base:
        yield base


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """pydicom's MR slice with a mark in every identifier, and in the file's name."""
    dataset = pydicom.dcmread(str(get_testdata_file("MR_small.dcm")))
    for keyword in ("PatientName", "PatientID", "InstitutionName", "SeriesDescription", "StudyDescription"):
        setattr(dataset, keyword, f"{MARK}{keyword}"[:16])
    dataset.SeriesInstanceUID = dataset.StudyInstanceUID = "1.2.826.0.1.987654321"
    path = tmp_path_factory.mktemp("scans") / f"{MARK}-smith.dcm"
    dataset.save_as(path)
    return path


def open_mri(page: Page, url: str) -> None:
    page.goto(f"{url}/mri")
    page.locator(".viewer .scene[data-heat=drawn]").first.wait_for(timeout=WAIT)
    expect(page.get_by_text("For a PDF, print the report")).to_be_visible(timeout=WAIT)


def test_a_labelled_scan_is_open_with_four_diagnoses_and_holding_h_shows_the_bare_slice(page: Page, url: str):
    open_mri(page, url)
    expect(page.get_by_text("Research use only. A heat map is not an outline of a lesion.").first).to_be_visible()
    expect(page.get_by_text("Simulated lesion drawn into a template")).to_be_visible()
    tiles = page.locator(".gallery .tile .name")
    expect(tiles).to_have_text(["glioma", "meningioma", "no tumour", "pituitary tumour"])
    page.locator(".gallery .tile").first.click()
    expect(page.get_by_text("MR sagittal 139 of 197 · glioma")).to_be_visible()
    scene = page.locator(".viewer .scene").first
    scene.hover()
    page.keyboard.down("h")
    expect(scene).to_have_attribute("data-heat", "none")
    page.keyboard.up("h")
    expect(scene).to_have_attribute("data-heat", "drawn")


def test_an_own_dicom_is_shown_without_its_names_and_its_report_has_none(page: Page, url: str, marked: Path):
    open_mri(page, url)
    page.get_by_test_id("stSidebar").locator("input[type=file]").set_input_files(marked)
    expect(page.get_by_text(re.compile("MR axial 1 of 1|MR .* 1 of 1")).first).to_be_visible(timeout=WAIT)
    expect(page.get_by_text("It is small: 64 × 64 pixels.", exact=False)).to_be_visible(timeout=WAIT)
    page.locator("[data-test-script-state=notRunning]").wait_for(timeout=WAIT)
    with page.expect_download() as asked:
        page.get_by_role("button", name="Report (HTML)").click()
    report = Path(asked.value.path()).read_text("utf-8")
    assert "Digest of the weights" in report
    assert "data:image/png;base64," in report
    shown = page.content() + page.url + "".join(page.locator("body").all_inner_texts())
    for secret in (MARK, "987654321", "smith"):
        assert secret not in shown
        assert secret not in report


@pytest.mark.parametrize("width", [1440, 1024])
def test_nothing_is_cut_off(open_page: PageOpener, url: str, width: int):
    page = open_page(viewport={"width": width, "height": 768})
    open_mri(page, url)
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
