"""Names of classes, files and folders written as HTML, Markdown or formulas are shown as text on every page."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Page, expect
from torch import nn

import dashboard
import xai_core as xai
from dashboard.app import PAGES

pytestmark = pytest.mark.browser

WAIT_MS = 60_000
ATTACK = (
    '<img src=x onerror="window.hacked=1" class="evil"> <b class=evil>bold</b> ![evil](http://evil.example/x.png) '
    "[evil](javascript:window.hacked=1) $\\href{javascript:window.hacked=1}{evil}$ :material/skull: :red[evil] "
    "https://evil.example www.evil.example evil@evil.example :streamlit: \\$evil$ \\![evil](http://evil.example)"
)
HOSTILE = tuple(f"{number} {ATTACK}" for number in range(4))
IN_FILES = [  # a name of a file holds less
    "<img src=x onerror=window.hacked=1 class=evil>",
    "![evil](http:evil.example)",
    "[evil](javascript:window.hacked=1)",
    "$x$ :material:skull: :red[evil]",
]
LAYERS = [  # a name of a layer has no full stop
    *(":red[evil]", "![evil](http:evil)", "[evil](javascript:window*hacked=1)", "`<img src=x class=evil>`"),
    *("$evil$", ":material/skull:", "<b class=evil>"),
]
GREY = (0.5, 0.5, 0.5)
ADDRESSES = [screen.name + ("?data=uploads" if screen.name in ("units", "map") else "") for screen in PAGES]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard on a network whose classes, and on pictures whose names, are attacks."""
    torch.manual_seed(0)
    parts = (nn.Conv2d(3, 8, 3, 2), nn.ReLU(), nn.Conv2d(8, 8, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    network = nn.Sequential(OrderedDict(zip(LAYERS, (*parts, nn.Linear(8, 4)), strict=True))).eval()
    model = xai.wrap_model(network, input_size=(48, 48), class_names=list(HOSTILE), mean=GREY, std=GREY, title=ATTACK)
    card = replace(model.config, notes=(ATTACK,), licence=ATTACK, source=ATTACK, caution=ATTACK)
    folder = tmp_path_factory.mktemp("pictures")
    for number, name in enumerate(IN_FILES):
        inside = folder / name
        inside.mkdir()
        for copy in range(3):
            pixels = np.random.default_rng(10 * number + copy).integers(0, 255, (48, 48, 3), np.uint8)
            Image.fromarray(pixels).save(inside / f"{name}{copy}.png")
    with dashboard.serve(replace(model, config=card), folder, open_browser=False) as serving:
        yield serving.url


def drawn(page: Page) -> None:
    expect(page.locator("[data-testid=stApp]")).to_have_attribute(
        "data-test-script-state", "notRunning", timeout=WAIT_MS
    )
    expect(page.get_by_role("button", name="Stop")).to_have_count(0, timeout=WAIT_MS)
    expect(page.locator("[data-testid=stApp]")).to_have_attribute(
        "data-test-script-state", "notRunning", timeout=WAIT_MS
    )


def innocent(page: Page) -> None:
    assert page.evaluate("window.hacked") is None
    assert page.locator(".evil").count() == 0
    assert page.locator("a[href^='javascript:'], a:text-is('evil'), img[alt=evil]").count() == 0
    assert page.locator("span:text-is('evil')").count() == 0  # :red[evil]
    assert page.locator("a[href*=evil], .katex:has-text('evil'), .katex-error, [aria-label='skull icon']").count() == 0
    assert page.locator("[data-testid=stMarkdownContainer] img[src^='data:image/svg']").count() == 0  # :streamlit:


@pytest.mark.parametrize(
    "name", [one if one in ("explain", "mri") else pytest.param(one, marks=pytest.mark.slow) for one in ADDRESSES]
)
def test_names_are_text_on_every_page(page: Page, url: str, name: str):
    page.goto(f"{url}{name}")
    expect(page.locator("[data-testid=stMainBlockContainer] :is(h1, h2, h3)").first).to_be_visible(timeout=WAIT_MS)
    drawn(page)
    innocent(page)
    for button in ("Compute 12 pictures", "Search 12 pictures"):
        wanted = page.get_by_role("button", name=button)
        if wanted.count():
            wanted.click()
            expect(wanted).to_have_count(0, timeout=WAIT_MS)
            drawn(page)
            innocent(page)
