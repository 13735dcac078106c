"""Linked viewers: one place in both, each with its own value, and no run of the server."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.viewer.known import LINKED, OTHER_BOX, PICTURE

pytestmark = pytest.mark.browser

HEIGHT, WIDTH = PICTURE.shape[:2]
PLACE = (0.4, 0.55)  # parts of the width and the height


@pytest.fixture
def pair(page: Page, parts_url: str) -> tuple[Locator, Locator]:
    """The two linked viewers, with their maps drawn."""
    return opened(page, parts_url)


def opened(page: Page, parts_url: str, query: str = "linked") -> tuple[Locator, Locator]:
    page.goto(parts_url + query)
    viewers = page.locator(".viewer")
    for i in range(3):
        viewers.nth(i).locator(".scene[data-heat=drawn]").wait_for(timeout=90_000)  # as `visit`
    return viewers.nth(0), viewers.nth(1)


def values_at(x: float, y: float) -> tuple[float, float]:
    """Both maps' values at a part of the pictures' width and height: the second map covers OTHER_BOX of its picture."""
    first, second = LINKED["one"], LINKED["two"]
    u = (x * 2 * WIDTH - OTHER_BOX.left) / (OTHER_BOX.right - OTHER_BOX.left)
    v = (y * 2 * HEIGHT - OTHER_BOX.top) / (OTHER_BOX.bottom - OTHER_BOX.top)
    return float(first[int(y * 6), int(x * 9)]), float(second[int(v * 4), int(u * 4)])


def position(viewer: Locator, x: float, y: float) -> dict[str, float]:
    frame = viewer.locator(".scene").bounding_box()
    assert frame
    return {"x": x * frame["width"], "y": y * frame["height"]}


def hover(viewer: Locator, x: float, y: float) -> None:
    viewer.locator(".scene").hover(position=position(viewer, x, y))


def test_both_read_out_their_own_value_at_the_place_pointed_at(
    page: Page, pair: tuple[Locator, Locator], number: Callable
) -> None:
    for source, place in zip(pair, (PLACE, (0.45, 0.35)), strict=True):
        hover(source, *place)
        for viewer, value in zip(pair, values_at(*place), strict=True):
            assert number(viewer.locator(".value")) == pytest.approx(value, rel=5e-3)
    expect(page.locator(".viewer").nth(2).locator(".value")).to_be_empty()


def test_the_ghost_stands_at_the_same_part_of_the_other_picture(
    pair: tuple[Locator, Locator], pixels: Callable
) -> None:
    blank = pixels(pair[1].locator(".marks"))
    hover(pair[0], *PLACE)
    marks = pixels(pair[1].locator(".marks")).astype(int)
    drawn = np.abs(marks - blank).sum(axis=2) > 0
    height, width = drawn.shape
    assert np.ptp(np.flatnonzero(drawn[:, 5])) <= 3, "left of all else there is only the horizontal line"
    assert abs(np.flatnonzero(drawn[:, 5]).mean() - PLACE[1] * height) <= 2
    bottom = np.flatnonzero(drawn[-8])  # the frame of the box was there before
    assert abs(bottom.mean() - PLACE[0] * width) <= 2


def test_the_ghost_goes_with_the_pointer(pair: tuple[Locator, Locator], pixels: Callable) -> None:
    blank = pixels(pair[1].locator(".marks"))
    hover(pair[0], *PLACE)
    assert (pixels(pair[1].locator(".marks")) != blank).any()
    pair[0].locator(".legend-title").hover()
    np.testing.assert_array_equal(pixels(pair[1].locator(".marks")), blank)
    expect(pair[1].locator(".place")).to_have_text("Point at the picture, or use the arrow keys")


def test_keys_link_too_and_both_viewers_say_their_value(page: Page, pair: tuple[Locator, Locator]) -> None:
    row, col = np.unravel_index(LINKED["one"].argmax(), (6, 9))
    pair[0].locator(".scene").focus()
    page.keyboard.press("Home")
    expect(pair[0].locator("[aria-live]")).to_contain_text(f"row {row + 1} of 6, column {col + 1} of 9")
    x, y = ((col + 0.5) / 9, (row + 0.5) / 6)
    value = values_at(x, y)[1]
    expect(pair[1].locator("[aria-live]")).to_contain_text(f"Evidence {value:.3g}".replace("-", "−"))


@pytest.mark.slow
def test_a_finger_leaves_both_values_on_screen(open_page: Callable, parts_url: str, number: Callable) -> None:
    pair = opened(open_page(has_touch=True), parts_url)
    pair[1].locator(".scene").tap(position=position(pair[1], *PLACE))
    for viewer, value in zip(pair, values_at(*PLACE), strict=True):
        assert number(viewer.locator(".value")) == pytest.approx(value, rel=5e-3)


def test_outside_the_part_that_one_model_saw_the_other_still_has_its_value(
    pair: tuple[Locator, Locator], number: Callable
) -> None:
    hover(pair[0], 0.05, 0.5)
    assert number(pair[0].locator(".value")) == pytest.approx(LINKED["one"][3, 0], rel=5e-3)
    expect(pair[1].locator(".value")).to_be_empty()
    expect(pair[1].locator(".place")).to_contain_text("outside the part the model saw")


def test_the_server_learns_nothing_of_it(page: Page, pair: tuple[Locator, Locator]) -> None:
    page.get_by_text("runs 1", exact=True).wait_for()
    hover(pair[0], *PLACE)
    hover(pair[1], *PLACE)
    pair[0].locator(".scene").focus()
    page.keyboard.press("ArrowLeft")
    page.locator(".strip .opacity").fill("90")
    page.wait_for_timeout(800)
    expect(page.get_by_text("runs 1", exact=True)).to_be_visible()


def test_maps_are_hidden_together(page: Page, pair: tuple[Locator, Locator]) -> None:
    hover(pair[0], *PLACE)
    page.keyboard.down("h")
    for viewer in pair:
        expect(viewer.locator(".scene")).to_have_attribute("data-heat", "none")
    page.keyboard.up("h")
    for viewer in pair:
        expect(viewer.locator(".scene")).to_have_attribute("data-heat", "drawn")
    page.locator(".strip .hold").hover()
    page.mouse.down()
    expect(pair[1].locator(".scene")).to_have_attribute("data-heat", "none")
    expect(page.locator(".viewer").nth(2).locator(".scene")).to_have_attribute("data-heat", "drawn")
    page.mouse.up()
    expect(pair[1].locator(".scene")).to_have_attribute("data-heat", "drawn")


def test_one_set_of_controls_drives_both(page: Page, pair: tuple[Locator, Locator], pixels: Callable) -> None:
    before = [pixels(viewer.locator(".scene")) for viewer in pair]
    page.locator(".strip .scales").select_option("magma")
    page.locator(".strip").get_by_text("Cells", exact=True).click()
    for viewer, image in zip(pair, before, strict=True):
        assert (pixels(viewer.locator(".scene")) != image).any()
    expect(pair[0].locator(".scales")).to_have_value("magma")
    expect(pair[0].get_by_role("radio", name="Cells")).to_be_checked()


def test_a_compact_viewer_keeps_only_what_is_read(pair: tuple[Locator, Locator]) -> None:
    for part in ("controls", "actions", "describe"):
        expect(pair[0].locator(f".{part}").first).to_be_visible()
        expect(pair[1].locator(f".{part}").first).to_be_hidden()
    for part in ("bar", "readout", "caption"):
        expect(pair[1].locator(f".{part}")).to_be_visible()


def test_beside_each_other_on_a_small_screen_the_panel_stands_below(page: Page, pair: tuple[Locator, Locator]) -> None:
    page.set_viewport_size({"width": 1024, "height": 768})
    page.wait_for_timeout(400)
    for viewer in pair:
        stage, panel = (viewer.locator(f".{part}").bounding_box() for part in ("stage", "panel"))
        assert stage
        assert panel
        assert panel["y"] >= stage["y"] + stage["height"]
        inner, outer = viewer.evaluate("element => [element.scrollWidth, element.clientWidth]")
        assert inner <= outer + 1
