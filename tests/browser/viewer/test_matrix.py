"""The matrix: it fills as results arrive, keeps what is there, and gives back the row and column of a tile."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.axe import violations
from tests.browser.settled import turn
from tests.browser.viewer.known import CELLS, CLASSES, METHODS, PICTURE, REASON

pytestmark = pytest.mark.browser

COUNT_WORK = """
    window.decoded = 0
    window.cleared = []
    const decode = createImageBitmap
    window.createImageBitmap = (...rest) => { window.decoded += 1; return decode(...rest) }
    const clear = CanvasRenderingContext2D.prototype.clearRect
    CanvasRenderingContext2D.prototype.clearRect = function (...rest) {
        if (this.canvas.isConnected) window.cleared.push(this.canvas)
        return clear.apply(this, rest)
    }
"""


@pytest.fixture
def full(page: Page, parts_url: str) -> Page:
    return opened(page, f"{parts_url}matrix")


@pytest.fixture
def empty(open_page: Callable, parts_url: str) -> Page:
    page = open_page()
    page.add_init_script(COUNT_WORK)
    page.goto(f"{parts_url}matrix&fill=1")
    page.locator(".matrix .tile").first.wait_for()
    return page


def opened(page: Page, url: str) -> Page:
    page.goto(url)
    page.locator(".matrix .scene[data-drawn]").nth(15).wait_for()
    return page


def test_axe_finds_nothing_in_the_matrix(page: Page, parts_url: str) -> None:
    page.set_viewport_size({"width": 1440, "height": 2000})
    opened(page, f"{parts_url}matrix&signed=1")
    for scheme in ("light", "dark"):
        turn(page, scheme)
        assert violations(page) == [], scheme


def tile(page: Page, row: int, col: int) -> Locator:
    return page.locator(".matrix tbody tr").nth(row).locator("button").nth(col)


def test_classes_stand_down_and_methods_across(full: Page) -> None:
    expect(full.locator("tbody th .name")).to_have_text([name.split("\n")[0] for name in CLASSES])
    expect(full.locator("tbody th .detail")).to_have_text([name.split("\n")[1] for name in CLASSES])
    expect(full.locator("thead th")).to_have_text(METHODS)
    expect(full.get_by_role("columnheader", name="Grad-CAM", exact=True)).to_be_visible()


def test_a_tile_is_a_map_a_reason_or_pending(empty: Page) -> None:
    expect(empty.locator(".tile[data-state=pending]")).to_have_count(20)
    expect(empty.locator("table")).to_have_attribute("aria-busy", "true")
    expect(empty.locator(".progress")).to_have_text("0 of 20")
    for done in range(1, 6):
        empty.get_by_role("button", name="next").click()
        expect(empty.locator(".tile[data-state=pending]")).to_have_count(20 - 4 * done)
    expect(empty.locator(".tile[data-state=map]")).to_have_count(16)
    expect(empty.locator("table")).to_have_attribute("aria-busy", "false")
    expect(empty.locator(".progress")).to_be_empty()
    expect(tile(empty, 2, 4)).to_have_text(REASON)
    expect(tile(empty, 2, 4)).to_have_accessible_name(f"Egyptian cat, Guided backprop: not applicable. {REASON}")
    expect(tile(empty, 0, 3)).to_have_text("no positive evidence")
    expect(tile(empty, 0, 1)).to_have_text(f"max {CELLS[0][1].max():.3g}")  # type: ignore[union-attr]


def test_filling_decodes_the_picture_once_and_leaves_finished_tiles_alone(empty: Page) -> None:
    empty.get_by_role("button", name="next").click()
    empty.locator(".scene[data-drawn]").nth(3).wait_for()
    tile(empty, 1, 0).focus()
    old = empty.evaluate_handle("window.cleared.splice(0)")
    assert old.evaluate("canvases => canvases.length") == 4
    for done in (2, 3):
        empty.get_by_role("button", name="next").dispatch_event("click")
        empty.locator(".scene[data-drawn]").nth(4 * done - 1).wait_for()
    assert empty.evaluate("old => window.cleared.filter((canvas) => old.includes(canvas)).length", old) == 0
    assert empty.evaluate("window.cleared.length") == 8
    assert old.evaluate("canvases => canvases.every((canvas) => canvas.isConnected)")
    assert empty.evaluate("window.decoded") == 1
    expect(tile(empty, 1, 0)).to_be_focused()


def strongest(page: Page, pixels: Callable, row: int, col: int) -> np.ndarray:
    """The colour in the middle of a map's strongest cell, with an opaque map."""
    image = pixels(tile(page, row, col).locator("canvas")).astype(int)
    values = CELLS[row][col]
    assert isinstance(values, np.ndarray)
    at = np.unravel_index(values.argmax(), values.shape)
    y, x = ((np.array(at) + 0.5) / 7 * image.shape[:2]).astype(int)
    return image[y, x]


@pytest.mark.parametrize("scale", ["one", "row", "column", "each"])
def test_tiles_share_the_scale_that_was_asked_for(
    page: Page, store: Callable, parts_url: str, pixels: Callable, scale: str
) -> None:
    store(parts_url, "sightline.matrix", '{"opacity": 1, "between": "nearest"}')
    opened(page, f"{parts_url}matrix&scale={scale}")
    peaks = np.array([[cell.max() for cell in line[:3]] for line in CELLS])  # type: ignore[union-attr]
    top = {"one": peaks.max(), "row": peaks[1].max(), "column": peaks[:, 1].max(), "each": peaks[1, 1]}[scale]
    expected = np.array(matplotlib.colormaps["viridis"](min(peaks[1, 1] / top, 1), bytes=True)[:3], int)
    assert np.abs(strongest(page, pixels, 1, 1) - expected).max() <= 4
    expect(page.locator(".matrix .legend")).to_be_visible(visible=scale == "one")


@pytest.mark.parametrize("way", ["mouse", "keys"])
def test_a_tile_gives_its_row_and_column_and_is_then_the_pressed_one(full: Page, way: str) -> None:
    if way == "mouse":
        tile(full, 1, 2).click()
    else:
        tile(full, 0, 0).focus()
        for key in ("ArrowRight", "ArrowDown", "ArrowRight", "Enter"):
            full.keyboard.press(key)
    expect(full.get_by_text("chosen (1, 2)")).to_be_visible()
    expect(full.locator(".tile[aria-pressed=true]")).to_have_count(1)
    expect(tile(full, 1, 2)).to_have_attribute("aria-pressed", "true")


def test_a_tile_without_a_map_chooses_nothing_but_can_be_read_in_full(full: Page) -> None:
    tile(full, 0, 4).click(force=True)  # it is disabled, and says so
    expect(full.locator(".readout")).to_have_text(f"tabby, Guided backprop: not applicable. {REASON}")
    full.wait_for_timeout(500)
    expect(full.get_by_text("chosen None")).to_be_visible()


def test_the_table_is_one_stop_of_the_tab_key(full: Page) -> None:
    assert full.locator(".tile[tabindex='0']").count() == 1
    tile(full, 0, 0).focus()
    full.keyboard.press("ArrowDown")
    expect(tile(full, 1, 0)).to_be_focused()
    expect(tile(full, 1, 0)).to_have_attribute("tabindex", "0")
    assert full.locator(".tile[tabindex='0']").count() == 1


def test_a_narrow_page_scrolls_inside_and_keeps_the_headings(full: Page) -> None:
    full.set_viewport_size({"width": 320, "height": 200})
    full.wait_for_timeout(400)
    scroller = full.locator(".scroller")
    inner, outer = scroller.evaluate("element => [element.scrollWidth, element.clientWidth]")
    assert inner > outer
    assert full.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    first, top = full.locator("tbody th").first, full.locator("thead th").last
    before = first.bounding_box(), top.bounding_box()
    scroller.evaluate("element => element.scrollTo(40, 60)")
    after = first.bounding_box(), top.bounding_box()
    assert before[0]
    assert before[1]
    assert after[0]
    assert after[1]
    assert (after[0]["x"], after[1]["y"]) == (before[0]["x"], before[1]["y"])
    assert (after[0]["y"], after[1]["x"]) == (before[0]["y"] - 60, before[1]["x"] - 40)


def test_a_tile_keeps_the_shape_of_the_picture(full: Page) -> None:
    frame = tile(full, 0, 0).locator("canvas").bounding_box()
    assert frame
    assert frame["width"] / frame["height"] == pytest.approx(PICTURE.shape[1] / PICTURE.shape[0], rel=0.02)
