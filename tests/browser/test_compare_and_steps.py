"""Compare and Step by step in a real browser: linked pointer, matrix, channel slider, one pixel's cells."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests.browser.settled import open_screen, turn
from tests.test_theme import contrast

pytestmark = pytest.mark.browser

SELECTED_COLOURS = """() => {
    const words = document.querySelector("[data-testid=stMain] [role=radio][aria-checked=true] p")
    const style = getComputedStyle(words.closest("[role=radio]"))
    return [getComputedStyle(words).color, style.backgroundColor, style.borderTopColor]
}"""


def rgba(css: str) -> list[float]:
    """[red, green, blue, opacity] of a computed colour: three parts to 255, and [0, 1]."""
    parts = [float(part) for part in re.findall(r"[\d.]+", css)]
    return parts if len(parts) == 4 else [*parts, 1.0]


def laid_on(front: list[float], back: list[float]) -> list[float]:
    return [front[3] * f + (1 - front[3]) * b for f, b in zip(front[:3], back[:3], strict=True)]


def hexadecimal(colour: list[float]) -> str:
    return "#" + "".join(f"{round(part):02x}" for part in colour[:3])


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def test_the_pointer_is_linked_and_each_pane_reads_its_own_value(page: Page, sightline: str):
    sent: list[object] = []

    def watch(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: sent.append(frame))

    page.on("websocket", watch)
    page.goto(f"{sightline}/compare")
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


def test_the_matrix_fills_and_a_tile_goes_to_the_right_pane(page: Page, sightline: str):
    page.goto(f"{sightline}/compare?sample=coffee")
    page.locator(".viewer .scene[data-heat=drawn]").first.wait_for(timeout=60_000)
    page.get_by_text("Show the matrix").click()
    tiles = page.locator(".matrix button")
    page.get_by_text("Click a tile to see it in the right pane").wait_for(timeout=120_000)
    assert tiles.count() >= 5 * 7
    page.locator(".matrix").get_by_role("button", name=re.compile(r"coffee mug.*LayerCAM|LayerCAM.*coffee mug")).click()
    expect(page).to_have_url(re.compile("b.method=layer_cam"))
    expect(page).to_have_url(re.compile("b.class_index=504"))
    expect(page.locator(".viewer .caption").nth(1)).to_contain_text("LayerCAM")
    expect(page.locator(".viewer .scene").nth(1)).to_be_in_viewport()
    expect(page.get_by_text("which now shows LayerCAM for coffee mug at bn2")).to_be_attached()
    expect(page.locator(".matrix button[aria-pressed=true]")).to_have_attribute("aria-label", re.compile("coffee mug"))


@pytest.mark.slow
def test_all_columns_of_the_matrix_are_in_sight_on_a_small_screen(page: Page, sightline: str):
    page.set_viewport_size({"width": 1024, "height": 768})
    page.goto(f"{sightline}/compare?sample=coffee")
    page.locator(".viewer .scene[data-heat=drawn]").first.wait_for(timeout=60_000)
    page.get_by_text("Show the matrix").click()
    page.get_by_text("Click a tile to see it in the right pane").wait_for(timeout=120_000)
    expect(page.locator(".matrix thead th")).to_have_count(7)
    page.locator(".matrix thead").hover(position={"x": 5, "y": 5})  # comes into view from top to bottom only
    expect(page.locator(".matrix thead th").last).to_be_in_viewport(ratio=1)
    shown, whole = page.locator(".matrix .scroller").evaluate("box => [box.clientWidth, box.scrollWidth]")
    assert whole <= shown


def test_the_selected_segment_can_be_read(page: Page, sightline: str):
    open_screen(page, sightline, "compare")
    for scheme in ("light", "dark"):
        turn(page, scheme)
        page.wait_for_timeout(500)  # colours travel
        text, tint, frame = page.evaluate(SELECTED_COLOURS)
        ground = page.get_by_test_id("stApp").evaluate("app => getComputedStyle(app).backgroundColor")
        behind = laid_on(rgba(tint), rgba(ground))
        assert contrast(hexadecimal(rgba(text)), hexadecimal(behind)) >= 4.5, scheme
        assert contrast(hexadecimal(rgba(frame)), hexadecimal(rgba(ground))) >= 3, (
            f"what marks the selected one, {scheme}"
        )


def test_the_channel_slider_forms_the_map(page: Page, sightline: str):
    page.goto(f"{sightline}/steps")
    caption = page.get_by_text(re.compile(r"^40 of 1280 channels; what is missing amounts to"))
    caption.wait_for(timeout=60_000)
    missing = int(re.findall(r"to (\d+)", caption.inner_text())[0])
    slider = page.get_by_role("slider", name=re.compile("Channels added"))
    slider.focus()
    slider.press("End")
    whole = page.get_by_text(re.compile(r"^1280 of 1280 channels; what is missing amounts to"))
    whole.wait_for()
    assert missing > 10
    assert "< 0.1 %" in whole.inner_text()


def test_one_pixel_shows_its_four_cells_and_their_weights(page: Page, sightline: str):
    page.goto(f"{sightline}/steps")
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
    assert page.locator(".probe .bar").filter(visible=True).count() == 1, "one colour bar for the four"
    others = page.locator(".probe .equation")
    expect(others).to_have_count(4)
    for i in range(1, 4):  # the other rules point at the same pixel
        expect(others.nth(i)).to_contain_text("=")
