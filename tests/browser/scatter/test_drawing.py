"""The points stand where they belong, in the colours that the legend names."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from dashboard.shared.components.scatter import by_category, by_value
from tests.browser.scatter.known import FEW, FEW_CLASSES, FEW_NAMES, FEW_VALUES

pytestmark = pytest.mark.browser


def colour_at(image: np.ndarray, place: np.ndarray, ratio: float = 1) -> np.ndarray:
    """The mean of the four pixels around the middle of a disc: int (4,)."""
    x, y = (place * ratio).round().astype(int)
    return image[y - 1 : y + 1, x - 1 : x + 1].reshape(-1, 4).astype(int).mean(axis=0)


def test_each_point_has_its_place_and_the_colour_of_its_class(few: Page, pixels: Callable, places: Callable) -> None:
    image, table = pixels(few), by_category(FEW_CLASSES, FEW_NAMES, "Label")
    for place, code in zip(places(few), table.codes, strict=True):
        colour = colour_at(image, place)
        assert colour[3] > 200
        assert np.abs(colour[:3] - table.light[code]).max() <= 4
    covered = (image[..., 3] > 128).sum() / len(FEW)
    assert 40 < covered < 90  # seven discs 9 pixels wide hold 64 pixels each, and nothing else is drawn


def test_a_dark_page_has_brighter_colours(page: Page, opened: Callable, pixels: Callable, places: Callable) -> None:
    page.emulate_media(color_scheme="dark")
    opened("few")
    colour = colour_at(pixels(page), places(page)[0])
    assert np.abs(colour[:3] - by_category(FEW_CLASSES, FEW_NAMES, "Label").dark[0]).max() <= 4


def test_a_sharp_screen_gets_two_pixels_for_one(
    open_page: Callable, opened: Callable, pixels: Callable, places: Callable
) -> None:
    page = opened("few", on=open_page(device_scale_factor=2))
    frame = page.locator(".stage").bounding_box()
    assert frame
    image = pixels(page)
    assert image.shape[:2] == (round(2 * frame["height"]), round(2 * frame["width"]))
    assert colour_at(image, places(page)[4], 2)[3] > 200
    assert 160 < (image[..., 3] > 128).sum() / len(FEW) < 360


def test_values_take_the_colours_of_the_scale(few: Page, pixels: Callable, places: Callable) -> None:
    expect(few.locator(".legend-title")).to_have_text("Label")
    few.get_by_text("value", exact=True).click()
    expect(few.locator(".legend-title")).to_have_text("Loss")
    table, image = by_value(FEW_VALUES, "Loss"), pixels(few)
    for place, code in zip(places(few), table.codes, strict=True):
        assert np.abs(colour_at(image, place)[:3] - table.light[code]).max() <= 4
    expect(few.get_by_role("img", name="Colour scale of Loss from 0 to 1")).to_be_visible()
    expect(few.get_by_role("button", name="no value")).to_be_visible()


def test_of_100_000_points_no_class_covers_the_others(opened: Callable, pixels: Callable) -> None:
    image = pixels(opened("100000"))
    assert (image[..., 3] > 0).sum() > 20_000
    assert len({tuple(colour) for colour in image[image[..., 3] > 60][::50, :3] // 32}) > 12


@pytest.mark.slow
def test_a_million_points_are_drawn(opened: Callable, pixels: Callable) -> None:
    page = opened("1000000")
    expect(page.locator(".stage")).to_have_attribute("data-drawn", "1000000", timeout=60_000)
    expect(page.locator(".number")).to_have_text("1,000,000 points")
    assert (pixels(page)[..., 3] > 0).sum() > 40_000


def test_a_lost_context_comes_back(few: Page, pixels: Callable) -> None:
    before = pixels(few)
    few.locator("canvas.points").evaluate(
        """canvas => { const lose = canvas.getContext("webgl2").getExtension("WEBGL_lose_context")
        lose.loseContext(); setTimeout(() => lose.restoreContext(), 100) }"""
    )
    few.wait_for_timeout(600)
    np.testing.assert_array_equal(pixels(few), before)


def test_other_places_are_shown_and_take_the_colours_along(few: Page, pixels: Callable, places: Callable) -> None:
    first = places(few)
    few.get_by_text("other places").click()
    few.get_by_text("runs 2", exact=True).wait_for()
    table = by_category(FEW_CLASSES, FEW_NAMES, "Label")
    wanted = list(zip(first, table.light[table.codes[::-1]], strict=True))  # the places are the same ones in reverse
    for _ in range(50):  # the points travel, slowly where the machine is busy
        few.wait_for_timeout(200)
        image = pixels(few)
        off = max(np.abs(colour_at(image, place)[:3] - colour).max() for place, colour in wanted)
        if off <= 4:
            break
    assert off <= 4


def test_less_motion_is_respected(page: Page, opened: Callable) -> None:
    page.emulate_media(reduced_motion="reduce")
    opened("few")
    frames = """() => { window.states = []; const stage = [...document.querySelectorAll("*")]
        .map(e => e.shadowRoot?.querySelector(".stage")).find(Boolean)
        new MutationObserver(() => states.push(stage.dataset.drawn)).observe(stage, { attributes: true }) }"""
    page.evaluate(frames)
    page.get_by_role("button", name="Zoom in (+)").click()
    page.wait_for_timeout(500)
    assert page.evaluate("states.filter(state => state).length") == 1  # one picture, not twenty
