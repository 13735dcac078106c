"""The test app on one server for all tests of the map, and ways to read what it shows."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page

from tests.browser.scatter.known import FEW

APP = Path(__file__).with_name("app.py")
# The house fonts lie beside the dashboard's script, where this app cannot serve them from.
PLAIN = ("--theme.font", "sans-serif", "--theme.codeFont", "monospace")
DRAWN = ".stage:not([data-drawn=''])[data-drawn]"


@pytest.fixture(scope="session")
def map_url(start_server: Callable) -> Iterator[str]:
    with start_server(APP, *PLAIN) as base_url:
        yield f"{base_url}/?show="


@pytest.fixture
def opened(page: Page, map_url: str) -> Callable[[str], Page]:
    """`opened("few&height=500")`: the test app with the map drawn."""

    def open_map(query: str = "few", on: Page | None = None) -> Page:
        shown = on or page
        shown.goto(map_url + query)
        shown.locator(DRAWN).wait_for(timeout=90_000)  # the server may just have started
        return shown

    return open_map


@pytest.fixture
def few(opened: Callable[[str], Page]) -> Page:
    """The seven points."""
    return opened("few")


@pytest.fixture
def pixels() -> Callable[[Page], np.ndarray]:
    """uint8 (h, w, 4), not premultiplied: the canvas of the points, once all are drawn."""

    def read(page: Page) -> np.ndarray:
        page.locator(DRAWN).wait_for()
        url = page.locator("canvas.points").evaluate("canvas => canvas.toDataURL('image/png')")
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("RGBA"))

    return read


@pytest.fixture
def places(pixels: Callable[[Page], np.ndarray]) -> Callable[[Page], np.ndarray]:
    """float (7, 2): where the seven points stand in CSS pixels of the stage, from the outermost drawn pixels."""

    def find(page: Page) -> np.ndarray:
        drawn = pixels(page)[..., 3] > 128
        columns, rows = np.flatnonzero(drawn.any(axis=0)), np.flatnonzero(drawn.any(axis=1))
        disc = int(np.flatnonzero(np.diff(columns) > 1)[0]) + 1  # width of the leftmost disc
        left, right, top, bottom = columns[0], columns[-1] + 1, rows[0], rows[-1] + 1
        scale = (right - left - disc) / np.ptp(FEW[:, 0])
        middle = (FEW.max(axis=0) + FEW.min(axis=0)) / 2
        place = (FEW - middle) * [scale, -scale] + [(left + right) / 2, (top + bottom) / 2]
        return place / page.evaluate("Math.min(2, devicePixelRatio)")

    return find


@pytest.fixture
def stage() -> Callable[[Page], Locator]:
    return lambda page: page.locator(".stage")


@pytest.fixture
def draw(stage: Callable[[Page], Locator]) -> Callable[..., None]:
    """`draw(page, path, keys...)`: drag the mouse along (n, 2) places of the stage while the keys are held."""

    def along(page: Page, path: np.ndarray, *keys: str) -> None:
        path = np.asarray(path, float).tolist()
        frame = stage(page).bounding_box()
        assert frame
        for key in keys:
            page.keyboard.down(key)
        page.mouse.move(frame["x"] + path[0][0], frame["y"] + path[0][1])
        page.mouse.down()
        for x, y in path[1:]:
            page.mouse.move(frame["x"] + x, frame["y"] + y)
        page.mouse.up()
        for key in keys:
            page.keyboard.up(key)

    return along
