"""What the canvas holds, pixel by pixel, against torch's interpolation and the blend written out by hand."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib
import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect
from torch.nn.functional import grid_sample, interpolate

from tests.browser.viewer.known import BOX, GREY, HEIGHT, MAIN, MAPS, TORCH, WIDTH

pytestmark = pytest.mark.browser

DIM = round(GREY * 0.6)


def blended(values: np.ndarray, opacity: float) -> np.ndarray:
    """float (h, w, 3): the grey picture under a map of these values, on a scale from 0 to the map's maximum."""
    t = np.clip(values / MAPS[MAIN].max(), 0, 1)
    colour = matplotlib.colormaps["viridis"](t)[..., :3] * 255
    alpha = (opacity * np.minimum(1, t / 0.25))[..., None]
    return np.where(t[..., None] > 0, alpha * colour + (1 - alpha) * GREY, GREY)


def as_tensor(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(values).double()[None, None]


@pytest.mark.parametrize("ratio", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_the_map_lies_on_the_box_with_the_values_of_torch(
    open_page: Callable, visit: Callable, pixels: Callable, app_url: str, ratio: int
) -> None:
    page = visit(open_page(device_scale_factor=ratio), app_url)
    values = interpolate(as_tensor(MAPS[MAIN]), (400 * ratio, 400 * ratio), mode="bilinear", align_corners=False)
    for opacity in (1.0, 0.55):
        page.locator(".opacity").fill(str(round(100 * opacity)))
        image = pixels(page.locator(".viewer .scene")).astype(float)
        assert image.shape == (HEIGHT * ratio, WIDTH * ratio, 3)
        inside = image[:, int(BOX.left) * ratio : int(BOX.right) * ratio]
        # Alpha and products are rounded to 8 bits; a colour may fall on the next entry of the scale (3 levels at most).
        difference = np.abs(inside - blended(values[0, 0].numpy(), opacity))
        assert difference.max() <= 4
        assert difference.mean() < 0.5


def test_pixels_outside_the_box_carry_no_heat_and_are_dimmed(shown: Page, pixels: Callable) -> None:
    image = pixels(shown.locator(".viewer .scene"))
    outside = np.concatenate([image[:, : int(BOX.left)], image[:, int(BOX.right) :]], axis=1)
    assert np.abs(outside.astype(int) - DIM).max() <= 1


def test_the_map_keeps_its_place_at_a_size_where_the_box_falls_between_pixels(
    page: Page, visit: Callable, pixels: Callable, app_url: str
) -> None:
    visit(page, f"{app_url}/?height=317")
    page.locator(".opacity").fill("100")
    image = pixels(page.locator(".viewer .scene")).astype(float)
    height, width = image.shape[:2]
    assert (height, width) == (317, round(317 * WIDTH / HEIGHT))
    x = (np.arange(width) + 0.5) / width * WIDTH
    y = (np.arange(height) + 0.5) / height * HEIGHT
    inside = (x >= BOX.left) & (x < BOX.right)
    u = 2 * (x[inside] - BOX.left) / (BOX.right - BOX.left) - 1
    v = 2 * (y - BOX.top) / (BOX.bottom - BOX.top) - 1
    where = torch.stack(torch.meshgrid(torch.from_numpy(v), torch.from_numpy(u), indexing="ij")[::-1], -1)[None]
    values = grid_sample(as_tensor(MAPS[MAIN]), where, mode="bilinear", padding_mode="border", align_corners=False)
    assert np.abs(image[:, inside] - blended(values[0, 0].numpy(), 1)).max() <= 4
    assert np.abs(image[:, ~inside] - DIM).max() <= 1


def test_what_lies_between_the_cells_is_a_choice(shown: Page, pixels: Callable) -> None:
    shown.locator(".opacity").fill("100")
    for name, mode in (("Corners aligned", "aligned"), ("Bicubic", "bicubic"), ("Cells", "nearest")):
        shown.get_by_text(name, exact=True).click()
        expect(shown.get_by_role("radio", name=name)).to_be_checked()
        image = pixels(shown.locator(".viewer .scene")).astype(float)
        values = interpolate(as_tensor(MAPS[MAIN]), (400, 400), **TORCH[mode])[0, 0].numpy()
        assert np.abs(image[:, 100:500] - blended(values, 1)).max() <= 4, name


def test_a_threshold_hides_what_lies_below_that_part_of_the_maximum(shown: Page, pixels: Callable) -> None:
    shown.locator(".opacity").fill("100")
    shown.locator(".threshold").fill("60")
    image = pixels(shown.locator(".viewer .scene"))[:, 100:500].astype(int)
    values = interpolate(as_tensor(MAPS[MAIN]), (400, 400), mode="bilinear", align_corners=False)[0, 0].numpy()
    part = values / MAPS[MAIN].max()
    bare = (image == GREY).all(axis=-1)
    assert bare[part < 0.5999].all()
    assert not bare[part > 0.6001].any()


def test_a_slider_redraws_within_a_frame(shown: Page) -> None:
    times = shown.evaluate(
        """async () => {
            const root = document.querySelector("[data-testid=stBidiComponentIsolated]").shadowRoot
            const [slider, scene] = [root.querySelector(".opacity"), root.querySelector(".scene")]
            const frame = () => new Promise(requestAnimationFrame)
            const times = []
            for (let i = 0; i < 25; i++) {
                slider.value = 40 + i
                slider.dispatchEvent(new Event("input"))
                await frame()
                await frame()
                times.push(Number(scene.dataset.drawMs))
            }
            return times
        }"""
    )
    assert np.median(times) < 16
