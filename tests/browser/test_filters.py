"""The Filters page in a real browser: tiles without blur, a click and the keyboard, twins, links and Back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser


def open_filters(page: Page, address: str) -> Locator:
    """The buttons of the grid, once the response is drawn."""
    page.goto(address)
    page.locator(".viewer .scene[data-heat=drawn]").wait_for(timeout=60_000)
    return page.locator(".st-key-filter_tiles .tile")


def heading(page: Page, k: int | str) -> None:
    expect(page.get_by_role("heading", name=f"Filter {k}", exact=True)).to_be_visible()


def test_every_filter_is_a_sharp_tile_with_a_pixel_a_weight(page: Page, sightline: str):
    grid = open_filters(page, f"{sightline}/filters")
    expect(grid).to_have_count(32)
    canvas = grid.first.locator("canvas")
    assert canvas.evaluate("c => [c.width, c.height, getComputedStyle(c).imageRendering]") == [3, 3, "pixelated"]
    assert canvas.evaluate("c => c.getBoundingClientRect().width % 3") == 0


def test_a_click_chooses_a_filter_and_the_response_follows(page: Page, sightline: str):
    open_filters(page, f"{sightline}/filters?filter=21")
    caption = page.locator(".viewer .caption")
    expect(caption).to_contain_text("filter 21 ·")
    page.locator(".st-key-filter_tiles").get_by_role("button", name=re.compile(r"^no\. 17 ")).click()
    heading(page, 17)
    expect(caption).to_contain_text("filter 17 ·")
    expect(page).to_have_url(re.compile(r"[?&]filter=17\b"))


def test_twins_walk_on_and_back_returns(page: Page, sightline: str):
    open_filters(page, f"{sightline}/filters?filter=25")
    heading(page, 25)
    twin = page.locator(".st-key-filter_twins .tile").first
    number = re.findall(r"no\. (\d+)", twin.inner_text())[0]
    twin.click()
    heading(page, number)
    expect(page).to_have_url(re.compile(rf"[?&]filter={number}\b"))
    page.go_back()
    heading(page, 25)


def test_arrow_keys_walk_through_the_tiles_and_enter_chooses(page: Page, sightline: str):
    grid = open_filters(page, f"{sightline}/filters?sort=number&filter=0")
    heading(page, 0)
    grid.first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    heading(page, 2)
    expect(grid.nth(2)).to_have_attribute("aria-pressed", "true")
    expect(grid.nth(2)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    heading(page, 10)  # eight tiles a row


@pytest.mark.slow
def test_weights_tell_their_value_and_deeper_kernels_open(page: Page, sightline: str):
    open_filters(page, f"{sightline}/filters?model=digits&filter=4&kernels=block2.conv")
    page.get_by_text("Its weights and its spectrum").click()
    weights = page.locator(".st-key-filter_channels")
    expect(weights.locator(".tile")).to_have_count(3)
    weights.locator("canvas").first.hover()
    expect(weights.locator(".value")).to_have_text(re.compile(r"^−?0?\.?\d"))
    expect(page.locator(".st-key-filter_kernels .tile")).to_have_count(16)


@pytest.mark.slow
def test_nothing_is_cut_off(page: Page, sightline: str):
    grid = open_filters(page, f"{sightline}/filters")
    for width in (1440, 1024):
        page.set_viewport_size({"width": width, "height": 768})
        page.wait_for_timeout(500)
        assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), width
        assert not any(name.evaluate("e => e.scrollWidth > e.clientWidth") for name in grid.locator(".name").all()), (
            width
        )
