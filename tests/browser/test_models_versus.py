"""Two models on the same pictures in a real browser: what differs comes first, a click opens it, Compare has both."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Locator, Page, expect

import xai_core as xai
from tests.browsing import ServerStarter
from xai_core.models.sources.own_folder import VARIABLE, save_to_folder

pytestmark = [pytest.mark.browser, pytest.mark.slow]

APP = Path(__file__).resolve().parents[2] / "streamlit_app.py"
TITLE = "Noisy Lite0"
ROW, HEADING = 64, 40


@pytest.fixture(scope="module")
def url(start_server: ServerStarter, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a models folder that holds the bundled network with noise on its weights."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(tmp_path_factory.mktemp("models")))
        patch.setenv("SIGHTLINE_CACHE", str(tmp_path_factory.mktemp("cache")))
        bundled = xai.load_model("imagenet", device="cpu")
        torch.manual_seed(0)
        weights = {name: noisy(tensor) for name, tensor in bundled.module.state_dict().items()}
        file = io.BytesIO()
        torch.save(weights, file)
        rival = xai.open_checkpoint(file.getvalue(), class_names=bundled.config.class_names)
        save_to_folder(replace(rival, config=replace(rival.config, title=TITLE)))
        with start_server(APP) as base:
            yield base


def noisy(tensor: torch.Tensor) -> torch.Tensor:
    return tensor + 0.15 * tensor.std() * torch.randn_like(tensor) if tensor.ndim == 4 else tensor.clone()


def opened_name(page: Page) -> Locator:
    """The name of the picture whose maps are shown."""
    return page.get_by_text("where each model looks for its own answer").locator("code")


def test_from_the_choice_of_two_models_to_compare(page: Page, url: str):
    page.goto(f"{url}/models")
    expect(page.get_by_role("heading", name="Inside EfficientNet-Lite0")).to_be_visible(timeout=120_000)
    page.get_by_text("Two models on the same pictures").click()
    page.get_by_test_id("stSidebar").get_by_role("combobox", name=re.compile("Model B")).click(timeout=60_000)
    page.get_by_role("option", name=re.compile(TITLE)).click()
    expect(page.get_by_test_id("stMetric").filter(has_text="Same answer")).to_be_visible(timeout=120_000)
    expect(page.get_by_text(re.compile(r"^Different answers \([2-6]\)$"))).to_be_visible(timeout=60_000)
    expect(page.locator(".viewer .scene[data-heat=drawn]")).to_have_count(2, timeout=120_000)
    first = opened_name(page).inner_text()
    grid = page.get_by_test_id("stDataFrame").locator("canvas").first
    grid.click(position={"x": 200, "y": HEADING + 1.5 * ROW}, force=True)  # the grid scrolls in a layer above
    expect(opened_name(page)).not_to_have_text(first, timeout=60_000)
    second = opened_name(page).inner_text()
    with page.expect_download() as told:
        page.get_by_role("button", name="All answers (CSV)").click()
    lines = Path(told.value.path()).read_text("utf-8").splitlines()
    assert len(lines) == 7
    assert lines[1].startswith(f"{first},,no,")
    assert lines[2].startswith(f"{second},,no,")
    page.get_by_role("button", name="Open in Compare").click()
    expect(page.get_by_role("heading", name="Compare two answers")).to_be_visible(timeout=120_000)
    expect(page.get_by_role("button", name="Own model: follow the side bar again")).to_be_visible(timeout=120_000)
    expect(page.locator(".viewer .scene[data-heat=drawn]")).to_have_count(2, timeout=120_000)
    expect(page).to_have_url(re.compile(rf"sample={second}.*a\.method=grad_cam.*b\.method=grad_cam.*b\.model="))
