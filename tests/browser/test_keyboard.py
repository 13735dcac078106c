"""By keyboard alone: choices, layers, a unit, pieces, the planes and the eraser. Other parts: `viewer/`, `scatter/`."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.settled import WAIT_MS, open_screen, settle

pytestmark = pytest.mark.browser


def test_arrows_walk_through_the_choices_and_enter_chooses(page: Page, sightline: str):
    open_screen(page, sightline, "explain?sample=cat")
    classes = page.get_by_role("group", name="The five most probable classes").get_by_role("button")
    classes.first.focus()
    page.keyboard.press("ArrowDown")
    expect(classes.nth(1)).to_be_focused()
    name = classes.nth(1).locator(".title").inner_text()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Evidence for: {name}")).to_be_visible(timeout=WAIT_MS)
    expect(classes.nth(1)).to_be_focused()
    expect(classes.nth(1)).to_have_attribute("aria-pressed", "true")


def test_layers_the_unit_and_its_pieces_answer_to_keys(page: Page, sightline: str):
    open_screen(page, sightline, "units?model=digits&digit=3&layer=block3&channel=5&place=3.3&order=peak")
    page.locator(".stage[aria-pressed=true]").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page).to_have_url(re.compile("layer=block4"), timeout=WAIT_MS)
    settle(page)
    headline = page.get_by_role("heading", name=re.compile(r"^Channel \d+, row \d+, column \d+$"))
    before = headline.inner_text()
    page.locator(".pad").get_by_role("button", name="down").focus()
    page.keyboard.press("Enter")
    expect(headline).not_to_have_text(before, timeout=WAIT_MS)
    settle(page)
    piece = page.locator(".piece").last
    piece.focus()
    expect(page.locator(".card")).to_be_visible()
    digit = re.match(r"\d/(\d{4})", piece.get_attribute("aria-label") or "")
    assert digit
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"digit={int(digit[1])}(&|$)"), timeout=WAIT_MS)


def test_arrows_move_the_place_on_the_planes(page: Page, sightline: str):
    open_screen(page, sightline, "mri")
    slice_number = page.locator(".planes .number")
    first, second = (slice_number.nth(i).inner_text() for i in (0, 1))
    page.locator(".planes .scene").first.focus()
    page.keyboard.press("ArrowRight")
    expect(slice_number.nth(0)).to_have_text(first)
    expect(page.get_by_text(re.compile("MR axial"))).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(slice_number.nth(1)).not_to_have_text(second, timeout=WAIT_MS)


def test_the_eraser_marks_with_a_cross_that_arrows_move(page: Page, sightline: str):
    open_screen(page, sightline, "explain?sample=coffee")
    page.get_by_text("Erase and retest").click()
    scene = page.locator(".eraser .scene[data-drawn]")
    scene.wait_for(timeout=WAIT_MS)
    hint = page.locator(".eraser .hint")
    scene.focus()
    page.keyboard.press("Enter")
    expect(hint).to_have_text(re.compile(r"^0\.\d % of the picture is marked"), timeout=WAIT_MS)
    by_brush = hint.inner_text()
    page.locator(".eraser").get_by_role("button", name="Box").press("Enter")
    scene.focus()
    page.keyboard.press("Enter")
    for key in ("ArrowRight", "ArrowDown", "ArrowDown"):
        page.keyboard.press(f"Shift+{key}")
    page.keyboard.press("Enter")
    expect(hint).not_to_have_text(by_brush, timeout=WAIT_MS)
    share = float(hint.inner_text().split(" ")[0])
    assert share == pytest.approx(2, abs=1)  # 10 by 20 % of the square, but for the brush's quarter of a disc
