"""The test app on one server for all tests of the viewer, and ways to read what a page shows."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urljoin

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page

APP = Path(__file__).with_name("app.py")
PARTS_APP = Path(__file__).with_name("parts_app.py")
# The house fonts lie beside the dashboard's script, where this app cannot serve them from.
PLAIN = ("--theme.font", "sans-serif", "--theme.codeFont", "monospace")


@pytest.fixture(scope="session")
def app_url(start_server: Callable) -> Iterator[str]:
    with start_server(APP, *PLAIN) as base_url:
        yield base_url


@pytest.fixture(scope="session")
def parts_url(start_server: Callable) -> Iterator[str]:
    with start_server(PARTS_APP, *PLAIN) as base_url:
        yield f"{base_url}/?part="


@pytest.fixture
def shown(page: Page, app_url: str) -> Page:
    """The test app with its first map drawn."""
    return visit(page, app_url)


def visit(page: Page, url: str) -> Page:
    page.goto(url)
    page.locator(".viewer .scene[data-heat=drawn]").wait_for(timeout=90_000)  # the server may just have started
    return page


@pytest.fixture(name="visit")
def visit_fixture() -> Callable[[Page, str], Page]:
    return visit


@pytest.fixture
def store(page: Page) -> Callable[[str, str, str], None]:
    """`store(url, key, text)`: what the pages of that server find in the tab's storage when they open."""

    def put(url: str, key: str, text: str) -> None:
        page.goto(urljoin(url, "/_stcore/health"))  # of the same origin, and nothing runs there
        page.evaluate("([key, text]) => sessionStorage.setItem(key, text)", [key, text])

    return put


@pytest.fixture
def number() -> Callable[[Locator], float]:
    """The number at the start of an element's text, as people read it."""
    return lambda element: float(element.inner_text().split()[0].replace("−", "-"))


@pytest.fixture
def pixels() -> Callable[[Locator], np.ndarray]:
    """uint8 (h, w, 3): what a canvas holds once it has drawn what is due."""

    def read(canvas: Locator) -> np.ndarray:
        url = canvas.evaluate(
            "canvas => new Promise(done => requestAnimationFrame(() => requestAnimationFrame("
            "() => done(canvas.toDataURL('image/png')))))"
        )
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("RGB"))

    return read
