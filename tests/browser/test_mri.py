"""The MRI page in a real browser: open from the start, one's own DICOM without its names."""

from __future__ import annotations

import re
from pathlib import Path

import pydicom
import pytest
from playwright.sync_api import Page, expect
from pydicom.data import get_testdata_file

from xai_core.types import CLINICAL_CAUTION

pytestmark = pytest.mark.browser

MARK = "ZZMARKED"
WAIT = 120_000


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


def open_mri(page: Page, sightline: str) -> None:
    page.goto(f"{sightline}/mri")
    page.locator(".viewer .scene[data-heat=drawn]").first.wait_for(timeout=WAIT)
    expect(page.get_by_text("None of these carries a name")).to_be_visible(timeout=WAIT)


def test_a_labelled_scan_is_open_with_four_diagnoses_and_holding_h_shows_the_bare_slice(page: Page, sightline: str):
    open_mri(page, sightline)
    expect(page.get_by_text(CLINICAL_CAUTION).first).to_be_visible()
    expect(page.get_by_text("Simulated lesion drawn into a template")).to_be_visible()
    tiles = page.locator(".gallery .tile .name")
    expect(tiles).to_have_text(["glioma", "meningioma", "no tumour", "pituitary tumour"])
    page.locator(".gallery .tile").first.click()
    expect(page.get_by_text("MR axial 101 of 189 · glioma")).to_be_visible()
    scene = page.locator(".viewer .scene").first
    scene.hover()
    page.keyboard.down("h")
    expect(scene).to_have_attribute("data-heat", "none")
    page.keyboard.up("h")
    expect(scene).to_have_attribute("data-heat", "drawn")


GREY = """canvas => {
  const [x, y] = [canvas.width, canvas.height].map(side => Math.floor(side / 2))
  return canvas.getContext("2d").getImageData(x - 60, y - 60, 120, 120).data.reduce((sum, v) => sum + v, 0)
}"""


def test_wheel_and_keys_scroll_at_once_and_the_server_follows_when_they_rest(page: Page, sightline: str):
    open_mri(page, sightline)
    scene = page.locator(".viewer .scene").first
    expect(scene).to_have_attribute("data-slice", "101", timeout=WAIT)
    scene.hover()
    page.mouse.wheel(0, 100)
    expect(scene).to_have_attribute("data-slice", "102", timeout=WAIT)
    for key, slice_number in (("ArrowDown", "103"), ("ArrowDown", "104"), ("PageDown", "114"), ("ArrowUp", "113")):
        page.keyboard.press(key)
        expect(scene).to_have_attribute("data-slice", slice_number, timeout=WAIT)
    expect(page.get_by_text("MR axial 113 of 189", exact=False).first).to_be_visible(timeout=WAIT)
    expect(scene).to_have_attribute("data-heat", "drawn", timeout=WAIT)
    page.keyboard.press("End")
    expect(scene).to_have_attribute("data-slice", "189", timeout=WAIT)
    assert "113" not in page.url
    assert "slice" not in page.url


def test_dragging_changes_the_window_at_once_and_a_digit_takes_one_of_the_list(page: Page, sightline: str):
    open_mri(page, sightline)
    scene = page.locator(".viewer .scene").first
    expect(scene).to_have_attribute("data-slice", "101", timeout=WAIT)
    scene.hover()
    page.keyboard.down("h")
    expect(scene).to_have_attribute("data-heat", "none", timeout=WAIT)
    before = scene.evaluate(GREY)
    said = page.locator(".viewer .shown-window").first.inner_text()
    box = scene.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 200, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 160, steps=4)  # down: a higher level, darker
    expect(page.locator(".viewer .shown-window").first).not_to_have_text(said, timeout=WAIT)  # drawn with a frame
    darker = scene.evaluate(GREY)
    page.mouse.up()
    page.keyboard.up("h")
    assert darker < before
    window = page.get_by_test_id("stSidebar").get_by_role("combobox", name="Window")
    expect(window).to_have_value("As dragged", timeout=WAIT)
    expect(page.locator(".viewer .shown-window").first).not_to_have_text(said, timeout=WAIT)
    scene.hover()
    page.keyboard.press("1")
    expect(page.locator(".viewer .shown-window").first).to_have_text(said, timeout=WAIT)
    expect(window).to_have_value("Automatic", timeout=WAIT)


def test_an_own_dicom_is_shown_without_its_names_and_its_report_has_none(page: Page, sightline: str, marked: Path):
    open_mri(page, sightline)
    page.get_by_test_id("stSidebar").locator("input[type=file]").set_input_files(marked)
    expect(page.get_by_text(re.compile("MR axial 1 of 1|MR .* 1 of 1")).first).to_be_visible(timeout=WAIT)
    expect(page.get_by_text("It is small: 64 × 64 pixels.", exact=False)).to_be_visible(timeout=WAIT)
    page.locator("[data-test-script-state=notRunning]").wait_for(timeout=WAIT)
    with page.expect_download() as recipe:
        page.get_by_role("button", name="Report (HTML)").click()
    report = Path(recipe.value.path()).read_text("utf-8")
    assert "Digest of the weights" in report
    assert "data:image/png;base64," in report
    shown = page.content() + page.url + "".join(page.locator("body").all_inner_texts())
    for secret in (MARK, "987654321", "smith"):
        assert secret not in shown
        assert secret not in report


@pytest.mark.slow
def test_nothing_is_cut_off(page: Page, sightline: str):
    open_mri(page, sightline)
    expect(page.locator("[data-testid=stTable]")).to_have_count(2, timeout=WAIT)
    for width in (1440, 1024):
        page.set_viewport_size({"width": width, "height": 768})
        page.wait_for_timeout(500)
        assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), width
        assert page.evaluate(CUT_OFF) == [], width


@pytest.mark.slow
def test_the_controls_stand_under_the_slice_and_the_tiles_fill_their_column(page: Page, sightline: str):
    open_mri(page, sightline)
    page.locator(".controls:visible").first.wait_for(timeout=WAIT)
    parts = (".viewer .stage", ".planes", ".controls:visible", ".gallery .tile:last-child", "table")
    boxes = [page.locator(part).first.bounding_box() for part in parts]
    slice_, small, controls, tile, table = (box for box in boxes if box is not None)
    assert slice_["y"] < small["y"] < controls["y"]
    assert slice_["x"] <= controls["x"] <= slice_["x"] + slice_["width"]
    assert tile["x"] + tile["width"] == pytest.approx(table["x"] + table["width"], abs=2)


CUT_OFF = """[...document.querySelectorAll("[data-testid=stTable] :is(th, td)")].filter(cell => {
  const [inner, outer] = [cell, cell.closest("[data-testid=stTable]")].map(one => one.getBoundingClientRect().right)
  return inner > outer + 1 || cell.scrollWidth > cell.clientWidth
}).map(cell => cell.textContent)"""
