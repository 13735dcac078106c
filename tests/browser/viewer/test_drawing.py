"""The drawing functions alone, on an empty page, against torch and matplotlib."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pytest
import torch
from playwright.sync_api import Page
from torch.nn.functional import interpolate

from dashboard.shared.components.viewer import colour, frontend
from tests.browser.viewer.known import TORCH

pytestmark = pytest.mark.browser

JS = Path(frontend.__file__).parent / "js"
LUT = matplotlib.colormaps["viridis"](np.arange(256), bytes=True)[:, :3]


@pytest.fixture
def functions(page: Page) -> Page:
    page.goto("about:blank")
    page.add_script_tag(content=frontend.joined(JS / "download.js"))
    return page


@pytest.mark.parametrize("mode", TORCH)
@pytest.mark.parametrize(
    ("grid", "size"),
    [
        ((7, 7), (50, 70)),
        ((1, 3), (9, 8)),
        ((14, 5), (33, 64)),
        ((40, 30), (13, 7)),
        ((7, 7), (1, 2)),
        ((5, 6), (5, 6)),
    ],
)
def test_values_between_cells_are_those_of_torch(
    functions: Page, grid: tuple[int, int], size: tuple[int, int], mode: str
) -> None:
    values = np.random.default_rng(5).normal(size=grid).astype(np.float32)
    expected = interpolate(torch.from_numpy(values).double()[None, None], size, **TORCH[mode])[0, 0].numpy()
    drawn = functions.evaluate(
        """([values, rows, cols, h, w, mode]) =>
            Array.from(sampleMap({ values, rows, cols }, centres(h, rows), centres(w, cols), mode))""",
        [values.ravel().tolist(), *grid, *size, mode],
    )
    np.testing.assert_allclose(np.reshape(drawn, size), expected, atol=1e-6)


def paint(page: Page, values: list[float], vmin: float, vmax: float, threshold: float, opacity: float) -> np.ndarray:
    """uint8 (n, 4) RGBA of values on viridis."""
    kind = "diverging" if vmin < 0 else "sequential"
    colours = page.evaluate(
        """([values, range, threshold, opacity, kind, lut]) => {
            const table = colourTable(lut, opacity, kind)
            return Array.from(new Uint8Array(paintField(Float32Array.from(values), range, threshold, table).buffer))
        }""",
        [values, {"vmin": vmin, "vmax": vmax}, threshold, opacity, kind, LUT.ravel().tolist()],
    )
    return np.reshape(colours, (-1, 4)).astype(np.uint8)


def test_colours_are_those_of_matplotlib_and_values_beyond_the_scale_keep_its_end(functions: Page) -> None:
    values = [0.5, 0.3, 0.999, 1.0, 7.0, 1e30]
    rgba = paint(functions, values, 0, 1, 0, 1)
    expected = matplotlib.colormaps["viridis"](np.clip(values, 0, 1), bytes=True)
    np.testing.assert_array_equal(rgba, expected)


def test_nothing_is_drawn_at_or_below_zero_nor_below_the_threshold(functions: Page) -> None:
    alpha = paint(functions, [-3, 0, 0.79, 0.8, 1.6], 0, 2, 0.4, 1)[:, 3]
    assert alpha.tolist() == [0, 0, 0, 255, 255]


def test_alpha_rises_to_the_opacity_over_the_lowest_quarter(functions: Page) -> None:
    alpha = paint(functions, [0.0001, 0.125, 0.25, 0.6, 1], 0, 1, 0, 0.6)[:, 3]
    np.testing.assert_allclose(alpha, [0, 0.3 * 255, 0.6 * 255, 0.6 * 255, 0.6 * 255], atol=1)


def test_a_diverging_scale_draws_both_signs_by_their_distance_from_zero(functions: Page) -> None:
    rgba = paint(functions, [-2, -0.5, 0, 0.5, 2], -2, 2, 0.3, 1)
    assert rgba[:, 3].tolist() == [255, 0, 0, 0, 255]
    np.testing.assert_array_equal(rgba[[0, 4], :3], LUT[[0, 255]])


@pytest.mark.parametrize(
    ("size", "expected"),
    [((600, 400), (600, 400)), ((4096, 2048), (2048, 1024)), ((200, 300), (600, 900)), ((100, 4000), (51, 2048))],
)
def test_a_download_has_the_original_resolution_within_its_limits(
    functions: Page, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    result = functions.evaluate("([width, height]) => exportSize({ width, height })", list(size))
    assert (result["width"], result["height"]) == expected


def test_every_scale_sent_is_the_one_it_is_named_after() -> None:
    tables = np.frombuffer(colour.tables("sequential"), np.uint8).reshape(-1, 256, 3)
    for name in ("viridis", "cividis", "magma", "inferno"):
        sent = tables[colour.SCALES["sequential"].index(name)]
        assert np.abs(sent - matplotlib.colormaps[name](np.arange(256), bytes=True)[:, :3].astype(int)).max() <= 1


def test_no_script_builds_markup_or_code_from_strings() -> None:
    scripts = {path.name: path.read_text("utf-8") for path in JS.glob("*.js")}
    source = "".join(scripts.values())
    for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "new Function", "XMLHttpRequest"):
        assert forbidden not in source
    asking = {name for name, text in scripts.items() if "fetch(" in text}
    assert asking == {"stack.js"}, "the slices of a series, from the address that the server names, and nothing else"
