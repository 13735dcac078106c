"""Compare and Step by step in a real browser: linked pointer, matrix, channel slider, one pixel's cells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests.browser.conftest import ServerStarter

pytestmark = pytest.mark.browser

APP = Path(__file__).resolve().parents[2] / "streamlit_app.py"


@pytest.fixture(scope="module")
def url(start_server: ServerStarter) -> Iterator[str]:
    with start_server(APP) as base:
        yield base


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def test_the_pointer_is_linked_and_each_pane_reads_its_own_value(page: Page, url: str):
    sent: list[object] = []

    def watch(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: sent.append(frame))

    page.on("websocket", watch)
    page.goto(f"{url}/compare")
    scenes = page.locator(".viewer .scene[data-heat=drawn]")
    expect(scenes).to_have_count(2, timeout=60_000)
    page.wait_for_timeout(1500)
    before = len(sent)
    frame = scenes.first.bounding_box()
    assert frame is not None
    scenes.first.hover(position={"x": 0.4 * frame["width"], "y": 0.5 * frame["height"]})
    values = page.locator(".viewer .value")
    expect(values.nth(1)).not_to_be_empty()
    left, right = (number(values.nth(i).inner_text()) for i in (0, 1))
    assert left / right == pytest.approx(49, rel=0.02)  # CAM is 49 times Grad-CAM; the read-out has three digits
    assert page.locator(".viewer .place").nth(0).inner_text() == page.locator(".viewer .place").nth(1).inner_text()
    assert len(sent) == before


def test_the_matrix_fills_and_a_tile_goes_to_the_right_pane(page: Page, url: str):
    page.goto(f"{url}/compare?sample=coffee")
    page.locator(".viewer .scene[data-heat=drawn]").first.wait_for(timeout=60_000)
    page.get_by_text("Show the matrix").click()
    tiles = page.locator(".matrix button")
    page.get_by_text("Click a tile to see it in the right pane").wait_for(timeout=120_000)
    assert tiles.count() >= 5 * 7
    page.locator(".matrix").get_by_role("button", name=re.compile(r"coffee mug.*LayerCAM|LayerCAM.*coffee mug")).click()
    expect(page).to_have_url(re.compile("b.method=layer_cam"))
    expect(page).to_have_url(re.compile("b.class_index=504"))
    expect(page.locator(".viewer .caption").nth(1)).to_contain_text("LayerCAM")


def test_the_channel_slider_forms_the_map(page: Page, url: str):
    page.goto(f"{url}/steps")
    caption = page.get_by_text(re.compile(r"^10 of 1280 channels; what is missing amounts to"))
    caption.wait_for(timeout=60_000)
    missing = int(re.findall(r"to (\d+)", caption.inner_text())[0])
    slider = page.get_by_role("slider", name=re.compile("Channels added"))
    slider.focus()
    slider.press("End")
    whole = page.get_by_text(re.compile(r"^1280 of 1280 channels; what is missing amounts to"))
    whole.wait_for()
    assert missing > 20
    assert "< 0.1 %" in whole.inner_text()


def test_one_pixel_shows_its_four_cells_and_their_weights(page: Page, url: str):
    page.goto(f"{url}/steps")
    probe = page.locator(".probe").first  # bilinear
    output = probe.locator(".output")
    output.wait_for(timeout=60_000)
    frame = output.bounding_box()
    assert frame is not None
    output.hover(position={"x": 0.37 * frame["width"], "y": 0.41 * frame["height"]})
    expect(probe.locator(".equation")).to_contain_text("=")
    equation = probe.locator(".equation").inner_text()
    weights = [float(w) for w in re.findall(r"([\d.]+)\s*[·×]", equation)]
    assert len(weights) == 4, equation
    assert sum(weights) == pytest.approx(1, abs=0.02)
    others = page.locator(".probe .equation")
    expect(others).to_have_count(4)
    for i in range(1, 4):  # the other rules point at the same pixel
        expect(others.nth(i)).to_contain_text("=")
