"""The probe: a pixel of the upsampled map is the weighted sum of its source cells that torch says it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from playwright.sync_api import Locator, Page, expect
from torch.nn.functional import interpolate

from dashboard.shared.components.viewer import frontend
from tests.browser.viewer.known import PROBED, TORCH
from xai_core.render.scale import colour_table

pytestmark = pytest.mark.browser

SIZE = (28, 42)


def upsampled(mode: str, size: tuple[int, int] = SIZE) -> np.ndarray:
    """float64 (height, width)."""
    return interpolate(torch.from_numpy(PROBED).double()[None, None], size, **TORCH[mode])[0, 0].numpy()


@pytest.fixture
def opened(page: Page, parts_url: str) -> Callable[..., Page]:
    def open_probe(*modes: str, size: tuple[int, int] = SIZE) -> Page:
        page.goto(f"{parts_url}probe&size={size[0]},{size[1]}" + "".join(f"&mode={mode}" for mode in modes))
        page.locator(".probe .result").nth(len(modes) - 1).wait_for()
        return page

    return open_probe


def hover_pixel(probe: Locator, row: int, col: int, size: tuple[int, int] = SIZE) -> None:
    output = probe.locator(".output")
    frame = output.bounding_box()
    assert frame
    x, y = (col + 0.5) / size[1] * frame["width"], (row + 0.5) / size[0] * frame["height"]
    output.hover(position={"x": x, "y": y})


@pytest.mark.parametrize("mode", TORCH)
@pytest.mark.parametrize("size", [SIZE, (5, 9), (3, 4), (1, 1)])
def test_the_terms_of_every_pixel_weigh_1_and_sum_to_torchs_value(page: Page, mode: str, size: tuple[int, int]) -> None:
    page.goto("about:blank")
    page.add_script_tag(content=frontend.joined(Path(frontend.__file__).parent / "js" / "probe_terms.js"))
    rows, cols = PROBED.shape
    sums = page.evaluate(
        """([values, rows, cols, height, width, mode]) => Array.from({ length: height * width }, (_, i) => {
            const map = { values, rows, cols }
            const terms = pixelTerms(map, { height, width }, { row: Math.floor(i / width), col: i % width }, mode)
            const weights = terms.reduce((sum, { weight }) => sum + weight, 0)
            const cells = new Set(terms.map(({ row, col }) => row * cols + col))
            return [weights, sumOf(terms), terms.length, cells.size]
        })""",
        [PROBED.ravel().tolist(), rows, cols, *size, mode],
    )
    weights, values, count, cells = np.array(sums).T
    np.testing.assert_allclose(weights, 1, atol=1e-12)
    np.testing.assert_allclose(values.reshape(size), upsampled(mode, size), atol=1e-6)
    np.testing.assert_array_equal(count, cells)
    assert count.max() <= {"nearest": 1, "bilinear": 4, "aligned": 4, "bicubic": 16}[mode]


def equation(probe: Locator) -> tuple[list[float], list[float], float]:
    """Weights, values and result as they are written on screen."""
    text = probe.locator(".equation").inner_text().replace("−", "-")
    left, result = text.split(" = ")
    terms = re.findall(r"(?:^|([+-]) )(-?[\d.e-]+)·\(?(-?[\d.e-]+)\)?", left)
    weights = [float(weight) * (-1 if sign == "-" else 1) for sign, weight, _ in terms]
    return weights, [float(value) for *_, value in terms], float(result)


@pytest.mark.parametrize(("mode", "count"), [("nearest", 1), ("bilinear", 4), ("aligned", 4), ("bicubic", 16)])
def test_the_output_is_drawn_from_torchs_values_and_pointing_writes_the_sum_out(
    opened: Callable, pixels: Callable, mode: str, count: int
) -> None:
    probe = opened(mode).locator(".probe")
    drawn = pixels(probe.locator(".output")).astype(int)
    entries = np.clip(np.floor(128 * (upsampled(mode) / np.abs(PROBED).max() + 1)), 0, 255).astype(int)
    assert drawn.shape == (*SIZE, 3)
    assert np.abs(drawn - colour_table("vik")[entries]).max() <= 6
    hover_pixel(probe, 12, 19)
    expect(probe.locator(".place")).to_contain_text("Pixel in row 13 of 28, column 20 of 42")
    expect(probe.locator(".place")).to_contain_text("weights add up to 1")
    weights, values, result = equation(probe)
    assert len(weights) == count
    assert sum(weights) == pytest.approx(1, abs=5e-3)
    assert np.dot(weights, values) == pytest.approx(result, abs=2e-2)
    assert result == pytest.approx(upsampled(mode)[12, 19], rel=5e-3, abs=1e-3)


def test_an_edge_pixel_counts_each_cell_once(opened: Callable) -> None:
    probe = opened("bilinear").locator(".probe")
    hover_pixel(probe, 0, 0)
    assert equation(probe)[:2] == ([1.0], [float(f"{PROBED[0, 0]:.3g}")])
    hover_pixel(probe, 0, 8)
    weights, values, _ = equation(probe)
    assert values == [float(f"{value:.3g}") for value in PROBED[0, :2]]
    assert weights == pytest.approx([2 / 7, 5 / 7], abs=1e-3)  # 8.5 / 7 - 0.5 = 5 / 7 of a cell on


def test_the_source_cells_are_outlined_in_the_grid(opened: Callable, pixels: Callable) -> None:
    page = opened("bilinear")
    hover_pixel(page.locator(".probe"), 12, 19)  # between rows 1 and 2, columns 2 and 3
    marks = pixels(page.locator(".cell-marks")).astype(int).sum(axis=2)
    height, width = marks.shape
    middles, tops = (np.arange(6) + 0.5) / 6 * width, np.arange(4) / 4 * height
    white = [[(marks[int(y) : int(y) + 5, int(x)] == 3 * 255).any() for x in middles] for y in tops]
    assert np.argwhere(white).tolist() == [[1, 2], [1, 3], [2, 2], [2, 3]]


def test_keys_move_by_a_pixel_and_with_shift_by_a_cell(opened: Callable) -> None:
    page = opened("bilinear")
    page.locator(".output").focus()
    page.keyboard.press("Home")
    place = page.locator(".probe .place")
    row, col = (int(n) for n in re.findall(r"row (\d+) of 28, column (\d+) of 42", place.inner_text())[0])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(place).to_contain_text(f"row {row + 1} of 28, column {col + 1} of 42")
    page.keyboard.press("Shift+ArrowRight")
    expect(place).to_contain_text(f"row {row + 1} of 28, column {col + 8} of 42")
    expect(page.locator(".probe [aria-live]")).to_contain_text(" = ")


def test_linked_probes_open_the_same_pixel_without_a_run(opened: Callable) -> None:
    page = opened("bilinear", "bicubic")
    page.get_by_text("runs 1", exact=True).wait_for()
    first, second = page.locator(".probe").nth(0), page.locator(".probe").nth(1)
    hover_pixel(first, 20, 30)
    expect(second.locator(".place")).to_contain_text("row 21 of 28, column 31 of 42")
    for probe, mode in ((first, "bilinear"), (second, "bicubic")):
        assert equation(probe)[2] == pytest.approx(upsampled(mode)[20, 30], rel=5e-3)
    page.wait_for_timeout(500)
    expect(page.get_by_text("runs 1", exact=True)).to_be_visible()


def test_the_sides_stand_below_each_other_where_it_is_narrow(opened: Callable) -> None:
    page = opened("bicubic", size=(224, 336))
    page.set_viewport_size({"width": 360, "height": 800})
    page.wait_for_timeout(400)
    grid, output = page.locator(".cells").bounding_box(), page.locator(".output").bounding_box()
    assert grid
    assert output
    assert output["y"] > grid["y"] + grid["height"]
    inner, outer = page.locator(".probe").evaluate("element => [element.scrollWidth, element.clientWidth]")
    assert inner <= outer + 1
