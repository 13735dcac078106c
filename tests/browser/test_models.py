"""The Models page in a real browser: a file of weights is uploaded, described, used, and gives a map."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
import torchvision
from playwright.sync_api import Page, expect
from torch import nn

from tests.browsing import choose_screen

pytestmark = pytest.mark.browser

NAMES = ["glioma", "<img src=http://example.org/x.png>", "no tumour", "pituitary"]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    network = torchvision.models.resnet18(weights=None, num_classes=4)
    network.conv1 = nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    path = tmp_path_factory.mktemp("weights") / "brain.ckpt"
    torch.save({"state_dict": {f"model.{name}": t for name, t in network.state_dict().items()}}, path)
    return path


def open_models(page: Page, sightline: str) -> None:
    page.goto(f"{sightline}/models")
    expect(page.get_by_role("heading", name="Inside EfficientNet-Lite0")).to_be_visible(timeout=120_000)


def put(page: Page, path: Path) -> None:
    """The first uploader of the page is for weights."""
    page.get_by_test_id("stMain").locator("input[type=file]").first.set_input_files(path)


def test_from_the_file_to_the_map(page: Page, sightline: str, weights: Path):
    open_models(page, sightline)
    put(page, weights)
    expect(page.get_by_text("4 classes, reads grey pictures")).to_be_visible(timeout=120_000)
    names = page.get_by_label(re.compile("Names of the 4 classes"))
    names.fill("\n".join(NAMES))
    names.press("Control+Enter")
    expect(page.get_by_text("What this does to your picture")).to_be_visible(timeout=120_000)
    page.get_by_role("button", name="Use this model").click()
    expect(page.get_by_role("heading", name="Inside brain")).to_be_visible(timeout=120_000)
    choose_screen(page, "See", "Explain")
    page.locator(".viewer .scene[data-heat=drawn]").wait_for(timeout=120_000)
    bars = page.get_by_role("group", name="The five most probable classes")
    for name in NAMES:  # as text: a request to another host would fail the test
        expect(bars.get_by_text(name)).to_be_visible()


@pytest.mark.slow
def test_a_hostile_file_is_refused_in_words(page: Page, sightline: str, tmp_path: Path):
    open_models(page, sightline)
    bad = tmp_path / "bad.pt"
    bad.write_bytes(b"\x80\x02cos\nsystem\nq\x00X\x04\x00\x00\x00trueq\x01\x85q\x02Rq\x03.")
    put(page, bad)
    expect(page.get_by_text("bad.pt: The file")).to_be_visible(timeout=120_000)


@pytest.mark.slow
def test_nothing_is_cut_off(page: Page, sightline: str, weights: Path):
    open_models(page, sightline)
    put(page, weights)
    expect(page.get_by_text("What this does to your picture")).to_be_visible(timeout=120_000)
    for width in (1440, 1024):
        page.set_viewport_size({"width": width, "height": 768})
        page.wait_for_timeout(500)
        assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), width
