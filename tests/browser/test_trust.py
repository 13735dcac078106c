"""The Trust card in a real browser: asked for, watched, stopped, taken up again, and there at once the second time."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browsing import PageOpener

pytestmark = pytest.mark.browser

PATIENCE_MS = 180_000
CHECKS = ("faithfulness", "road", "parameter_randomisation", "specificity", "stability", "resolution")


def opened(page: Page, address: str) -> Page:
    page.goto(address)
    page.locator(".viewer .scene[data-heat=drawn]").wait_for(timeout=60_000)
    page.get_by_text("Can I trust this map?").click()
    return page


def test_stop_go_on_and_the_verdict_is_kept_for_others(page: Page, open_page: PageOpener, sightline: str):
    opened(page, f"{sightline}/?sample=coffee")
    page.get_by_role("button", name="Check this map").click()
    stop = page.get_by_test_id("stMain").get_by_role("button", name="Stop")
    expect(stop).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("button", name="Check this map")).to_have_count(0)
    stop.click()
    page.get_by_role("button", name=re.compile("Go on|Check this map")).click(timeout=PATIENCE_MS)
    expect(page.get_by_text("The checks support this map.")).to_be_visible(timeout=PATIENCE_MS)
    lines = [page.locator(f".st-key-trust_{name} summary") for name in CHECKS]
    for line in lines:
        expect(line).to_be_visible(timeout=PATIENCE_MS)
    tops = [box for line in lines if (box := line.bounding_box()) is not None]
    assert tops[-1]["y"] + tops[-1]["height"] - tops[0]["y"] < 500, "the summary is one screen"
    expect(page.locator(".js-plotly-plot")).to_have_count(0)
    lines[0].click()
    expect(page.locator(".js-plotly-plot")).to_have_count(2, timeout=PATIENCE_MS)
    lines[2].click()
    expect(page.get_by_text(re.compile("all forgot: "))).to_be_visible(timeout=PATIENCE_MS)
    other = opened(open_page(), f"{sightline}/?sample=coffee")
    expect(other.get_by_text("The checks support this map.")).to_be_visible(timeout=15_000)
    expect(other.get_by_role("button", name="Check this map")).to_have_count(0)


def test_a_brush_stroke_erases_and_the_model_is_asked_again_at_once(page: Page, sightline: str):
    page.goto(f"{sightline}/?sample=coffee")
    page.locator(".viewer .scene[data-heat=drawn]").wait_for(timeout=60_000)
    page.get_by_text("Erase and retest").click()
    drawn = page.locator(".eraser .scene[data-drawn]")
    drawn.wait_for(timeout=PATIENCE_MS)
    drawn.scroll_into_view_if_needed()
    box = drawn.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.4 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.4 * box["height"], steps=4)
    page.mouse.up()
    expect(page.get_by_text(re.compile(r"espresso: 95 % → "))).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator(".eraser .hint")).to_have_text(re.compile(r"^\d(\.\d)? % of the picture is marked"))
    expect(page.locator(".viewer .scene[data-heat=drawn]")).to_have_count(2, timeout=PATIENCE_MS)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".eraser .hint")).to_have_text("Draw on the picture to mark a part of it.", timeout=PATIENCE_MS)
    expect(page.get_by_text("Trials so far")).to_be_visible()
