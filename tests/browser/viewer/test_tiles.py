"""The tiles: each cell one colour with its value, pages for many maps, and the index of a chosen one."""

from __future__ import annotations

import re
from collections.abc import Callable

import matplotlib
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.viewer.known import CHANNELS, FILTERS
from xai_core.render.scale import colour_table

pytestmark = pytest.mark.browser


@pytest.fixture
def opened(page: Page, parts_url: str) -> Callable[[str], Page]:
    def open_tiles(query: str = "") -> Page:
        page.goto(f"{parts_url}tiles&{query}")
        page.locator(".tiles .tile").first.wait_for()
        return page

    return open_tiles


def tile(page: Page, index: int) -> Locator:
    return page.locator(".tiles").get_by_role("button", name=re.compile(rf"^channel {index}\b"))


def hover_cell(canvas: Locator, row: int, col: int, rows: int, cols: int) -> None:
    frame = canvas.bounding_box()
    assert frame
    canvas.hover(position={"x": (col + 0.5) / cols * frame["width"], "y": (row + 0.5) / rows * frame["height"]})


def test_a_canvas_holds_one_pixel_a_cell_in_the_colour_of_its_value(opened: Callable, pixels: Callable) -> None:
    drawn = pixels(tile(opened(), 5).locator("canvas")).astype(int)
    expected = matplotlib.colormaps["viridis"](np.clip(CHANNELS[5] / CHANNELS.max(), 0, 1), bytes=True)[..., :3]
    assert drawn.shape == (7, 7, 3)
    assert np.abs(drawn - expected.astype(int)).max() <= 4  # a neighbouring entry of the scale at most


def test_each_map_can_have_its_own_scale_and_both_signs(opened: Callable, pixels: Callable) -> None:
    page = opened("scale=each&signed=1&n=6")
    for index in (0, 5):
        part = CHANNELS[index] / np.abs(CHANNELS[index]).max()
        expected = colour_table("vik")[np.clip(np.floor(128 * (part + 1)), 0, 255).astype(int)]
        drawn = pixels(tile(page, index).locator("canvas")).astype(int)
        assert np.abs(drawn - expected).max() <= 6
    expect(page.get_by_text("Each map has its own colour scale.")).to_be_visible()
    expect(page.locator(".tiles .legend")).to_be_hidden()


def test_pictures_are_shown_as_they_are_and_enlarged_without_blur(opened: Callable, pixels: Callable) -> None:
    canvas = opened("rgb=1").get_by_role("button", name="channel 7", exact=True).locator("canvas")
    np.testing.assert_array_equal(pixels(canvas), FILTERS[7])
    expect(canvas).to_have_css("image-rendering", "pixelated")
    hover_cell(canvas, 2, 1, 3, 3)
    red, green, blue = FILTERS[7, 2, 1]
    expect(canvas.page.locator(".value")).to_have_text(f"RGB {red}, {green}, {blue}")


def test_every_cell_gets_the_same_whole_number_of_pixels(opened: Callable) -> None:
    page = opened()
    for width in (1440, 1024, 700):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_timeout(300)
        frame = tile(page, 0).locator("canvas").bounding_box()
        assert frame
        assert frame["width"] % 7 == pytest.approx(0, abs=1e-3)
        assert frame["width"] == pytest.approx(frame["height"])


def test_pointing_reads_a_cell(opened: Callable, number: Callable) -> None:
    page = opened()
    hover_cell(tile(page, 9).locator("canvas"), 4, 2, 7, 7)
    assert number(page.locator(".value")) == pytest.approx(CHANNELS[9, 4, 2], rel=5e-3)
    expect(page.locator(".place")).to_have_text("channel 9 · row 5 of 7, column 3 of 7")
    spot, frame = page.locator(".spot").bounding_box(), tile(page, 9).locator("canvas").bounding_box()
    assert spot
    assert frame
    assert (spot["x"] - frame["x"], spot["y"] - frame["y"]) == pytest.approx(
        (2 / 7 * frame["width"], 4 / 7 * frame["height"]), abs=0.5
    )


def test_many_maps_have_pages_without_a_run_of_the_server(opened: Callable, pixels: Callable) -> None:
    page = opened()
    size = page.locator(".tiles .tile").count()
    assert 48 <= size <= 96
    expect(page.locator(".pages .range")).to_have_text(f"1–{size} of 1280")
    expect(page.get_by_role("button", name="Previous page")).to_be_disabled()
    page.get_by_role("button", name="Next page").click()
    expect(page.locator(".tiles .tile").first).to_contain_text(f"channel {size}")
    drawn = pixels(tile(page, size).locator("canvas")).astype(int)
    expected = matplotlib.colormaps["viridis"](np.clip(CHANNELS[size] / CHANNELS.max(), 0, 1), bytes=True)[..., :3]
    assert np.abs(drawn - expected.astype(int)).max() <= 4
    expect(page.get_by_text("runs 1", exact=True)).to_be_visible()


def test_keys_walk_over_the_pages_and_choose(opened: Callable) -> None:
    page = opened()
    tile(page, 0).focus()
    page.keyboard.press("End")
    expect(tile(page, 1279)).to_be_focused()
    expect(page.get_by_role("button", name="Next page")).to_be_disabled()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.get_by_text("index 1278")).to_be_visible()
    expect(tile(page, 1278)).to_have_attribute("aria-pressed", "true")
    assert page.locator(".tiles .tile[tabindex='0']").count() == 1
    page.keyboard.press("Home")
    expect(tile(page, 0)).to_be_focused()


def test_with_shift_keys_walk_over_the_cells(opened: Callable, number: Callable) -> None:
    page = opened()
    tile(page, 3).focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowDown"):
        page.keyboard.press(f"Shift+{key}")
    assert number(page.locator(".value")) == pytest.approx(CHANNELS[3, 1, 2], rel=5e-3)
    expect(page.locator("[aria-live]")).to_contain_text("channel 3 · row 2 of 7, column 3 of 7")


def test_a_click_gives_the_index_and_presses_the_tile(opened: Callable) -> None:
    page = opened()
    tile(page, 20).click()
    expect(page.get_by_text("index 20")).to_be_visible()
    expect(tile(page, 20)).to_have_attribute("aria-pressed", "true")


def test_tiles_only_to_look_at_never_run_the_server(opened: Callable) -> None:
    page = opened("still=1")
    tile(page, 20).click()
    page.wait_for_timeout(500)
    expect(page.get_by_text("runs 1", exact=True)).to_be_visible()
    assert tile(page, 20).get_attribute("aria-pressed") is None


def test_details_stand_below_a_title(opened: Callable) -> None:
    first = opened("n=2&details=1").locator(".tiles .tile").nth(1)
    expect(first.locator(".name")).to_have_text("channel 1")
    peak = f"{CHANNELS[1].max():.3g}"
    expect(first.locator(".detail")).to_have_text(f"weight 1\nmax {peak}", use_inner_text=True)
    expect(first).to_have_accessible_name(f"channel 1 weight 1 max {peak}")


def test_columns_are_kept_where_they_fit(opened: Callable) -> None:
    page = opened("columns=5&n=20")
    rows = {round(box["y"]) for i in range(20) if (box := tile(page, i).bounding_box())}
    assert len(rows) == 4
    page.set_viewport_size({"width": 320, "height": 800})
    page.wait_for_timeout(300)
    inner, outer = page.locator(".tiles").evaluate("element => [element.scrollWidth, element.clientWidth]")
    assert inner <= outer + 4  # the frames around the canvases stand 4 px out


def test_no_maps_are_no_error(page: Page, parts_url: str) -> None:
    page.goto(f"{parts_url}tiles&n=0")
    expect(page.get_by_text("index None")).to_be_visible()
    assert page.locator(".tiles .tile").count() == 0
