"""Pointing and keys: what reaches the server, and what must not."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.viewer.known import MAIN, MAPS

pytestmark = pytest.mark.browser

CELL = 400 / 7
PEAK = np.unravel_index(MAPS[MAIN].argmax(), (7, 7))


def clicked(page: Page) -> tuple[float, float, int | None, int | None]:
    """x, y, row, col of the click that the server reports."""
    text = page.get_by_text(re.compile(r"^click Click"))
    text.wait_for()
    numbers = re.fullmatch(r"click Click\(x=(.+), y=(.+), row=(.+), col=(.+)\)", text.inner_text())
    assert numbers
    x, y, *cell = numbers.groups()
    row, col = (None if value == "None" else int(value) for value in cell)
    return float(x), float(y), row, col


def press_on(page: Page, x: float, y: float) -> None:
    """Move the mouse over a place of the canvas and press."""
    frame = page.locator(".viewer .scene").bounding_box()
    assert frame
    page.mouse.move(frame["x"] + x, frame["y"] + y)
    page.mouse.down()


@pytest.mark.parametrize(
    ("height", "place", "cell"),
    [
        (400, (450.5, 100.5), (1, 6)),
        pytest.param(200, (120, 333), (5, 0), marks=pytest.mark.slow),
        pytest.param(400, (40, 30), (None, None), marks=pytest.mark.slow),
        (200, (598, 200), (None, None)),
    ],
)
def test_a_click_gives_the_place_in_the_original_picture_and_the_cell(
    page: Page,
    visit: Callable,
    app_url: str,
    height: int,
    place: tuple[float, float],
    cell: tuple[int | None, int | None],
) -> None:
    visit(page, f"{app_url}/?height={height}")
    press_on(page, *(length * height / 400 for length in place))
    page.mouse.up()
    x, y, *found = clicked(page)
    assert abs(x - place[0]) <= 1
    assert abs(y - place[1]) <= 1
    assert tuple(found) == cell


def test_the_read_out_gives_value_cell_and_place(shown: Page) -> None:
    shown.locator(".viewer .scene").hover(position={"x": 100 + 2.5 * CELL, "y": 4.5 * CELL})
    value = float(shown.locator(".viewer .value").inner_text().replace("−", "-"))
    assert value == pytest.approx(MAPS[MAIN][4, 2], rel=5e-3)
    expect(shown.locator(".viewer .place")).to_have_text("row 5 of 7, column 3 of 7 · x 242, y 257 px")


def test_controls_never_run_the_server(shown: Page) -> None:
    shown.get_by_text("runs 1", exact=True).wait_for()
    shown.locator(".opacity").fill("80")
    shown.locator(".threshold").fill("30")
    shown.locator(".scales").select_option("magma")
    shown.get_by_text("Cells", exact=True).click()
    shown.locator(".viewer .scene").hover()
    shown.get_by_role("button", name="Hold to hide").click()
    shown.wait_for_timeout(800)
    expect(shown.get_by_text("runs 1", exact=True)).to_be_visible()


def test_arrow_keys_go_cell_by_cell_from_the_strongest_and_enter_picks(shown: Page) -> None:
    row, col = PEAK
    step, key = (-1, "ArrowLeft") if col else (1, "ArrowRight")
    shown.locator(".viewer .scene").focus()
    shown.keyboard.press("Home")
    shown.keyboard.press(key)
    live = shown.locator(".viewer [aria-live]")
    expect(live).to_contain_text(f"row {row + 1} of 7, column {col + step + 1} of 7")
    value = float(re.search(r"Evidence (\S+)", live.inner_text())[1].replace("−", "-"))  # type: ignore[index]
    assert value == pytest.approx(MAPS[MAIN][row, col + step], rel=5e-3)
    shown.keyboard.press("Enter")
    x, y, *cell = clicked(shown)
    assert cell == [row, col + step]
    assert (x, y) == pytest.approx((100 + (col + step + 0.5) * CELL, (row + 0.5) * CELL), abs=0.01)


def test_the_cursor_stops_at_the_edge(shown: Page) -> None:
    shown.locator(".viewer .scene").focus()
    for _ in range(9):
        shown.keyboard.press("ArrowDown")
        shown.keyboard.press("ArrowRight")
    expect(shown.locator(".viewer [aria-live]")).to_contain_text("row 7 of 7, column 7 of 7")


def test_keys_change_opacity_and_threshold(shown: Page) -> None:
    shown.locator(".viewer .scene").focus()
    for key in ("+", "+", "-", "]", "]", "["):
        shown.keyboard.press(key)
    expect(shown.locator(".opacity")).to_have_value("60")
    expect(shown.locator(".threshold")).to_have_value("5")
    expect(shown.locator(".cut")).to_contain_text("▲")


def test_holding_h_over_the_viewer_and_nowhere_else_shows_the_bare_picture(shown: Page, pixels: Callable) -> None:
    scene = shown.locator(".viewer .scene")
    shown.mouse.move(2, 2)
    before = pixels(scene)
    shown.keyboard.down("h")
    np.testing.assert_array_equal(pixels(scene), before)
    shown.keyboard.up("h")
    scene.hover()
    shown.keyboard.down("h")
    assert (pixels(scene)[:, 100:500] == 60).all()
    shown.keyboard.up("h")
    np.testing.assert_array_equal(pixels(scene), before)


def test_press_and_hold_hides_the_map_and_is_no_click(shown: Page, pixels: Callable) -> None:
    for target in ("button", "picture"):
        if target == "picture":
            press_on(shown, 300, 200)
            shown.wait_for_timeout(400)
        else:
            shown.locator(".hold").hover()
            shown.mouse.down()
        assert (pixels(shown.locator(".viewer .scene"))[:, 100:500] == 60).all(), target
        shown.mouse.up()
        assert not (pixels(shown.locator(".viewer .scene"))[:, 100:500] == 60).all(), target
    shown.wait_for_timeout(500)
    expect(shown.get_by_text("click None")).to_be_visible()


def test_a_finger_can_click_and_its_place_is_read_out_of_the_next_map_too(
    open_page: Callable, visit: Callable, app_url: str
) -> None:
    """Nothing but the run itself can bring the new value: the finger has left the picture."""
    page = visit(open_page(has_touch=True), app_url)
    page.locator(".viewer .scene").tap(position={"x": 300, "y": 200})
    assert clicked(page)[2:] == (3, 3)
    page.get_by_role("button", name="layer1").dispatch_event("click")
    expect(page.locator(".viewer .place")).to_contain_text("row 8 of 14, column 8 of 14")
    value = float(page.locator(".viewer .value").inner_text().replace("−", "-"))
    assert value == pytest.approx(MAPS["layer1"][7, 7], rel=5e-3)


def test_another_map_does_not_decode_the_picture_again(open_page: Callable, visit: Callable, app_url: str) -> None:
    page = open_page()
    page.add_init_script(
        "window.decoded = 0; const real = createImageBitmap;"
        "window.createImageBitmap = (...rest) => { window.decoded += 1; return real(...rest) }"
    )
    visit(page, app_url)
    page.get_by_role("button", name="layer1").click()
    expect(page.locator(".legend-title")).to_have_text("Evidence · layer1")
    page.wait_for_timeout(300)
    assert page.evaluate("window.decoded") == 2  # once for the viewer, once for the gallery


def test_the_picture_follows_the_width_of_the_window(shown: Page, pixels: Callable) -> None:
    shown.set_viewport_size({"width": 420, "height": 900})
    shown.wait_for_timeout(500)
    frame = shown.locator(".viewer .scene").bounding_box()
    assert frame
    assert frame["width"] <= 420
    image = pixels(shown.locator(".viewer .scene"))
    assert image.shape[:2] == (round(frame["height"]), round(frame["width"]))
    assert (image != 60).any()
