"""What holds for every part: text that can be read in both themes, less motion on request, and no overflow."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.settled import turn
from tests.browser.viewer.contrast import CONTRAST

pytestmark = pytest.mark.browser

PARTS = {
    "matrix": ("matrix&fill=1", ".matrix"),
    "matrix of both signs": ("matrix&signed=1", ".matrix"),
    "tiles": ("tiles&signed=1", ".tiles"),
    "probe": ("probe&mode=bicubic", ".probe"),
    "both signs": ("linked&signed=1", ".viewer"),
    "controls": ("linked", ".strip"),
}


def opened(page: Page, parts_url: str, part: str) -> str:
    query, selector = PARTS[part]
    page.goto(parts_url + query)
    page.locator(selector).first.wait_for()
    page.wait_for_timeout(300)
    return selector


@pytest.mark.parametrize("part", PARTS)
def test_text_has_a_contrast_of_at_least_4_5_and_no_part_is_wider_than_its_room(
    page: Page, parts_url: str, part: str
) -> None:
    selector = opened(page, parts_url, part)
    for scheme in ("light", "dark"):
        turn(page, scheme)
        assert page.evaluate(CONTRAST, selector) >= 4.5, scheme
    for width in (768, 320):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_timeout(300)
        assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), width
        box = page.locator(selector).first.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


def test_what_is_pending_does_not_move_for_those_who_ask_for_less_motion(page: Page, parts_url: str) -> None:
    opened(page, parts_url, "matrix")
    frame = page.locator("[data-state=pending] .frame").first
    for motion, name in [("no-preference", "pulse"), ("reduce", "none")]:
        page.emulate_media(reduced_motion=motion)  # type: ignore[arg-type]
        assert frame.evaluate("frame => getComputedStyle(frame).animationName") == name
