"""The three planes of a volume in a browser: right shapes and letters, and one place in all of them."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser

WAIT = 120_000
SPACING = (1.5, 2.0, 3.0)  # mm along the stored axes


@pytest.fixture(scope="module")
def stored() -> nib.Nifti1Image:
    """Grey noise with one bright voxel, stored along front, left and below."""
    voxels = np.random.default_rng(0).integers(100, 200, (40, 32, 24)).astype(np.int16)
    voxels[31, 5, 17] = 2000
    affine = np.zeros((4, 4))
    affine[1, 0], affine[0, 1], affine[2, 2], affine[3, 3] = SPACING[0], -SPACING[1], -SPACING[2], 1
    return nib.Nifti1Image(voxels, affine)


@pytest.fixture
def opened(page: Page, sightline: str, stored: nib.Nifti1Image, tmp_path: Path) -> Page:
    page.goto(f"{sightline}/mri")
    page.locator(".planes .scene[data-slice]").first.wait_for(timeout=WAIT)
    nib.save(stored, tmp_path / "scan.nii")
    page.get_by_test_id("stSidebar").locator("input[type=file]").set_input_files(tmp_path / "scan.nii")
    expect(page.get_by_text("of 24").or_(page.get_by_text("of 32")).or_(page.get_by_text("of 40")).first).to_be_visible(
        timeout=WAIT
    )
    page.locator("[data-test-script-state=notRunning]").wait_for(timeout=WAIT)
    return page


def small(page: Page, plane: str) -> Locator:
    return page.locator(".planes .plane", has=page.get_by_role("button", name=plane)).locator(".scene")


def choose_at(scene: Locator, share: tuple[float, float]) -> None:
    box = scene.bounding_box()
    assert box is not None
    scene.click(position={"x": share[0] * box["width"], "y": share[1] * box["height"]})


def test_a_click_on_a_voxel_opens_it_in_all_three_planes(opened: Page, stored: nib.Nifti1Image) -> None:
    canonical = nib.as_closest_canonical(stored)
    data = np.asarray(canonical.dataobj)
    x, y, z = (int(i) for i in np.unravel_index(data.argmax(), data.shape))
    wide, deep, high = data.shape
    expect(opened.locator(".planes .plane")).to_have_count(2)
    opened.get_by_test_id("stSidebar").get_by_role("radio", name="Axial").click()
    large = opened.locator(".viewer .scene").first
    expect(large).to_have_attribute("data-slice", str(high // 2 + 1), timeout=WAIT)
    coronal, sagittal = small(opened, "Coronal"), small(opened, "Sagittal")
    expect(coronal).to_have_attribute("data-slice", str(deep // 2 + 1), timeout=WAIT)
    # Right is on the left, and the head on top: both shares count from the far end.
    choose_at(coronal, (1 - (x + 0.5) / wide, 1 - (z + 0.5) / high))
    expect(large).to_have_attribute("data-slice", str(z + 1), timeout=WAIT)
    expect(sagittal).to_have_attribute("data-slice", str(x + 1), timeout=WAIT)
    choose_at(sagittal, (1 - (y + 0.5) / deep, 1 - (z + 0.5) / high))
    expect(coronal).to_have_attribute("data-slice", str(y + 1), timeout=WAIT)
    expect(opened.get_by_text(f"Scan axial {z + 1} of {high}").first).to_be_visible(timeout=WAIT)  # the server knows
    choose_at(large, (1 - 2.5 / wide, 1 - 3.5 / deep))
    expect(sagittal).to_have_attribute("data-slice", "3", timeout=WAIT)
    expect(coronal).to_have_attribute("data-slice", "4", timeout=WAIT)
    large.hover()
    opened.mouse.wheel(0, 100)
    expect(large).to_have_attribute("data-slice", str(z + 2), timeout=WAIT)
    expect(opened.get_by_text(f"Scan axial {z + 2} of {high}").first).to_be_visible(timeout=WAIT)
    opened.get_by_role("button", name="Coronal").click()
    expect(opened.get_by_text(f"Scan coronal 4 of {deep}").first).to_be_visible(timeout=WAIT)
    expect(small(opened, "Axial")).to_have_attribute("data-slice", str(z + 2), timeout=WAIT)


CHANGES = """async (canvas, was) => {
  const { width, height } = canvas
  const sum = () => canvas.getContext("2d").getImageData(0, 0, width, height).data.reduce((a, b) => a + b, 0)
  while (was !== null && sum() === was) await new Promise(requestAnimationFrame)
  return sum()
}"""


def test_the_small_planes_follow_the_window_while_it_is_dragged(opened: Page) -> None:
    large, small_one = opened.locator(".viewer .scene").first, opened.locator(".planes .scene").first
    expect(small_one).to_be_visible(timeout=WAIT)
    before = small_one.evaluate(CHANGES, None)
    box = large.bounding_box()
    assert box is not None
    opened.mouse.move(box["x"] + 60, box["y"] + 60)
    opened.mouse.down()
    opened.mouse.move(box["x"] + 60, box["y"] + 140, steps=4)  # down: a higher level, darker
    assert small_one.evaluate(CHANGES, before) < before
    opened.mouse.up()


def test_small_planes_have_the_patients_shape_and_letters(opened: Page, stored: nib.Nifti1Image) -> None:
    canonical = nib.as_closest_canonical(stored)
    mm = np.array(canonical.shape) * canonical.header.get_zooms()
    opened.get_by_test_id("stSidebar").get_by_role("radio", name="Axial").click()
    for plane, (across, down), letters in (("Coronal", (0, 2), "RLSI"), ("Sagittal", (1, 2), "APSI")):
        scene = small(opened, plane)
        expect(scene).to_be_visible(timeout=WAIT)
        wanted = mm[across] / mm[down]
        opened.wait_for_function(  # a moment before, another plane stood there
            "([canvas, wanted]) => Math.abs(canvas.width / canvas.height / wanted - 1) < 0.02",
            arg=[scene.element_handle(), float(wanted)],
            timeout=WAIT,
        )
        figure = opened.locator(".planes .plane", has=opened.get_by_role("button", name=plane))
        assert "".join(figure.locator(".over span").all_inner_texts()) == letters


NO_WINDOW = """async () => {
  dispatchEvent(new CustomEvent("sightline:link", { detail: { link: "mri", window: null } }))
  for (const _ of [1, 2]) await new Promise(requestAnimationFrame)
}"""


@pytest.mark.slow
def test_a_picture_in_colour_over_a_volume_makes_no_error(page: Page, sightline: str, tmp_path: Path) -> None:
    """The small planes hear that the large view has no window any more, and draw once more before they go."""
    page.goto(f"{sightline}/mri")
    expect(page.locator(".planes .scene[data-slice]")).to_have_count(2, timeout=WAIT)
    page.evaluate(NO_WINDOW)
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (120, 100, 3), np.uint8)).save(tmp_path / "one.jpg")
    page.get_by_test_id("stSidebar").locator("input[type=file]").set_input_files(tmp_path / "one.jpg")
    expect(page.get_by_text("Picture 1 of 1").first).to_be_visible(timeout=WAIT)
    expect(page.locator(".planes")).to_have_count(0, timeout=WAIT)
    expect(page.get_by_text("Wheel: slices")).to_have_count(0, timeout=WAIT)


@pytest.mark.slow
def test_a_single_slice_has_no_other_planes(page: Page, sightline: str, tmp_path: Path) -> None:
    page.goto(f"{sightline}/mri")
    page.locator(".planes .scene[data-slice]").first.wait_for(timeout=WAIT)
    nib.save(nib.Nifti1Image(np.arange(4096, dtype=np.int16).reshape(64, 64, 1), np.eye(4)), tmp_path / "one.nii")
    page.get_by_test_id("stSidebar").locator("input[type=file]").set_input_files(tmp_path / "one.nii")
    expect(page.get_by_text("Scan axial 1 of 1").first).to_be_visible(timeout=WAIT)
    expect(page.locator(".planes")).to_have_count(0, timeout=WAIT)
