"""The tiles: real buttons, in the viewer's settings, that give the layer back."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.viewer.known import GREY, MAIN, MAPS

pytestmark = pytest.mark.browser


def tile(page: Page, layer: str) -> Locator:
    return page.locator(".gallery").get_by_role("button", name=layer)


def middle(image: np.ndarray) -> np.ndarray:
    """The part of a tile that the box surely covers: the box is the middle two thirds of the width."""
    width = image.shape[1]
    return image[:, round(width / 6) + 1 : round(width * 5 / 6) - 1].astype(int)


@pytest.mark.parametrize("way", ["mouse", "keys"])
def test_a_tile_gives_its_layer_and_is_then_the_pressed_one(shown: Page, way: str) -> None:
    expect(tile(shown, MAIN)).to_have_attribute("aria-pressed", "true")
    if way == "mouse":
        tile(shown, "layer1").click()
    else:
        tile(shown, MAIN).focus()
        shown.keyboard.press("ArrowLeft")
        shown.keyboard.press("Enter")
    expect(shown.locator(".legend-title")).to_have_text("Evidence · layer1")
    expect(tile(shown, "layer1")).to_have_attribute("aria-pressed", "true")
    expect(tile(shown, MAIN)).to_have_attribute("aria-pressed", "false")


def test_with_a_callback_one_run_shows_the_chosen_layer(page: Page, visit: Callable, app_url: str) -> None:
    visit(page, f"{app_url}/?callback=1")
    tile(page, "layer1").click()
    expect(page.locator(".legend-title")).to_have_text("Evidence · layer1")
    expect(page.get_by_text("runs 2", exact=True)).to_be_visible()


def test_a_tile_tells_its_grid_and_its_maximum_or_that_nothing_is_positive_and_stays_bare(
    shown: Page, pixels: Callable
) -> None:
    expect(tile(shown, "layer1")).to_contain_text(f"14 × 14 · max {MAPS['layer1'].max():.3g}")
    expect(tile(shown, "layer3")).to_contain_text("no positive evidence")
    assert (middle(pixels(tile(shown, "layer3").locator("canvas"))) == GREY).all()


def test_tiles_share_one_scale(shown: Page, pixels: Callable) -> None:
    """The strongest cell of the weaker map has the colour of its value on the scale of the stronger one."""
    shown.locator(".opacity").fill("100")
    shown.get_by_text("Cells", exact=True).click()
    weak, strong = MAPS["layer1"], MAPS[MAIN].max()
    expected = np.array(matplotlib.colormaps["viridis"](weak.max() / strong, bytes=True)[:3], int)
    image = pixels(tile(shown, "layer1").locator("canvas")).astype(int)
    row, col = np.unravel_index(weak.argmax(), weak.shape)
    height, width = image.shape[:2]
    found = image[int((row + 0.5) / 14 * height), int(width / 6 + (col + 0.5) / 14 * width * 2 / 3)]
    assert np.abs(found - expected).max() <= 3


def test_tiles_follow_the_viewers_settings(shown: Page, pixels: Callable) -> None:
    canvas = tile(shown, MAIN).locator("canvas")
    viridis = pixels(canvas)
    shown.locator(".scales").select_option("magma")
    assert (pixels(canvas) != viridis).any()
    shown.locator(".opacity").fill("0")
    assert (middle(pixels(canvas)) == GREY).all()
