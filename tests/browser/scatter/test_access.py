"""The map in words, for the keyboard, at every width, and for a browser without WebGL2."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.settled import turn
from tests.browser.viewer.contrast import CONTRAST

pytestmark = pytest.mark.browser

NO_WEBGL2 = """const real = HTMLCanvasElement.prototype.getContext
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    return kind === "webgl2" ? null : real.call(this, kind, ...rest)
}"""


def test_the_map_is_told_in_words(few: Page) -> None:
    expect(few.get_by_role("application", name="Map of vectors: 7 points coloured by Label")).to_be_visible()
    few.get_by_text("Description", exact=True).click()
    expect(few.locator(".words")).to_have_text("A test map. 7 points. Label: cat 2, dog <b> 2, mouse 2, unknown 1.")
    few.get_by_role("button", name="mouse 2").click()
    expect(few.locator(".words")).to_contain_text("Hidden: mouse.")


def test_every_tool_and_the_legend_can_be_reached_by_keyboard(few: Page) -> None:
    few.locator(".stage").focus()
    names = []
    for _ in range(9):
        few.keyboard.press("Tab")
        names.append(
            few.evaluate(
                """() => { let e = document.activeElement
            while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement
            return e.getAttribute("aria-label") ?? e.textContent }"""
            )
        )
    assert names[:6] == [
        "Move the map (M)", "Select with a lasso (L)", "Select with a box (B)", "Zoom in (+)", "Zoom out (−)",
        "Show all points (0)",
    ]  # fmt: skip
    assert names[6:] == ["cat2", "Description", "Mouse and keys"]
    for key in ("Shift+Tab", "Shift+Tab", "ArrowDown", "Enter"):
        few.keyboard.press(key)
    expect(few.get_by_role("button", name="dog <b> 2")).to_have_attribute("aria-pressed", "false")


def test_text_can_be_read(few: Page) -> None:
    few.get_by_role("button", name="mouse 2").click()
    for scheme in ("light", "dark"):
        turn(few, scheme)
        assert few.evaluate(CONTRAST, ".scatter") >= 4.5, scheme


def test_the_map_fits_every_width(opened: Callable) -> None:
    page = opened("digits")
    for width in (1440, 1024, 500):
        page.set_viewport_size({"width": width, "height": 768})
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
        stage, side = page.locator(".stage").bounding_box(), page.locator(".side").bounding_box()
        assert stage
        assert side
        assert (side["x"] > stage["x"] + stage["width"]) is (width > 1000), width


@pytest.mark.slow
def test_without_webgl2_plotly_shows_the_map(open_page: Callable, map_url: str) -> None:
    page = open_page()
    page.add_init_script(NO_WEBGL2)
    page.goto(f"{map_url}few")
    expect(page.get_by_text("This browser has no WebGL2, so the map is a simpler chart.")).to_be_visible(timeout=30_000)
    plot = page.locator(".js-plotly-plot .nsewdrag").first
    plot.wait_for()
    expect(page.locator(".js-plotly-plot .scatterlayer .point")).to_have_count(7)
    frame = plot.bounding_box()
    assert frame
    for left, top in ((0.01, 0.02), (0.99, 0.02), (0.99, 0.98), (0.01, 0.98), (0.01, 0.03)):
        page.mouse.move(frame["x"] + left * frame["width"], frame["y"] + top * frame["height"], steps=4)
        if top == 0.02 and left == 0.01:
            page.mouse.down()
    page.mouse.up()
    expect(page.get_by_text("selected [0, 1, 2, 3, 4, 5, 6] of 7")).to_be_visible(timeout=20_000)
