"""The Explain page as a visitor meets it: a fresh server, a real browser, a real photograph."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests.browsing import PageOpener, ServerStarter
from tests.shared_data import photographs

pytestmark = pytest.mark.browser

APP = Path(__file__).resolve().parents[2] / "streamlit_app.py"


def finished(page: Page) -> Page:
    """Wait for the heat map itself, not only for the page."""
    page.locator(".viewer .scene[data-heat=drawn]").wait_for(timeout=120_000)
    return page


def recipe(page: Page) -> str:
    return page.locator(".viewer .caption").inner_text()


# Each page on a shared server: test_accessibility.py.
@pytest.mark.slow
@pytest.mark.parametrize("address", ["/", "/compare"])
def test_first_visit_to_a_fresh_server_shows_the_whole_app(
    start_server: ServerStarter, open_page: PageOpener, address: str
):
    page = open_page()
    with start_server(APP) as base:
        page.goto(base + address)
        expect(page).to_have_title(re.compile("Sightline"))
        expect(page.get_by_role("img", name="Logo").first).to_be_visible(timeout=120_000)
        if address in ("/", "/explain"):
            finished(page)
            expect(page.get_by_role("heading", name=re.compile("The model sees: "))).to_be_visible()
            assert recipe(page).startswith("EfficientNet-Lite0 (weights ")
        page.close()  # before its server goes


def test_class_layer_and_sample_change_the_map(page: Page, sightline: str):
    page.goto(f"{sightline}/?sample=cat")
    first = recipe(finished(page))
    page.get_by_role("group", name="The five most probable classes").get_by_role("button").nth(2).click()
    expect(page.get_by_role("heading", name="Evidence for: tabby")).to_be_visible()
    expect(page.locator(".viewer .caption")).to_contain_text("tabby")
    page.locator(".gallery").get_by_role("button", name=re.compile("blocks.4")).click()
    expect(page.locator(".viewer .caption")).to_contain_text("layer blocks.4, 14 × 14")
    expect(page).to_have_url(re.compile(r"layer=blocks\.4"))
    page.get_by_role("group", name="Pictures").get_by_role("button", name="Coffee").click()
    expect(page.get_by_role("heading", name="The model sees: espresso")).to_be_visible()
    expect(page.locator(".viewer .caption")).to_contain_text("layer blocks.4")
    assert recipe(page) != first


@pytest.mark.slow
def test_the_link_restores_the_view_in_another_browser(page: Page, open_page: PageOpener, sightline: str):
    page.goto(f"{sightline}/explain?sample=coffee&class=504&layer=blocks.4&method=grad_cam")
    expect(finished(page).get_by_role("heading", name="Evidence for: coffee mug")).to_be_visible()
    shown, address = recipe(page), page.url
    other = open_page()
    other.goto(address)
    expect(finished(other).locator(".viewer .caption")).to_have_text(shown)


def test_drawing_controls_send_nothing_to_the_server(page: Page, sightline: str):
    sent: list[object] = []

    def watch(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: sent.append(frame))

    page.on("websocket", watch)
    page.goto(sightline)
    finished(page)
    page.wait_for_timeout(1500)
    before = len(sent)
    page.locator(".viewer .opacity").fill("90")
    page.locator(".viewer .threshold").fill("40")
    page.locator(".viewer .scales").select_option("magma")
    page.get_by_text("Cells", exact=True).click()
    page.locator(".viewer .scene").hover(position={"x": 200, "y": 150})
    page.wait_for_timeout(1000)
    assert len(sent) == before
    page.locator(".viewer .scene").click(position={"x": 200, "y": 150})
    page.get_by_text(re.compile(r"At x \d+, y \d+ px")).wait_for()
    assert len(sent) > before, "the click must be able to show that frames are counted"


def test_a_click_on_the_picture_gives_its_coordinates_to_python(page: Page, sightline: str):
    page.goto(f"{sightline}/?sample=rocket")
    scene = finished(page).locator(".viewer .scene")
    frame = scene.bounding_box()
    assert frame is not None
    scene.click(position={"x": frame["width"] / 2, "y": frame["height"] / 4})
    text = page.get_by_text(re.compile(r"At x \d+, y \d+ px")).inner_text()
    x, y = (int(n) for n in re.findall(r"\d+", text))
    assert abs(x - 640 / 2) <= 2
    assert abs(y - 427 / 4) <= 2


def test_upload_of_real_photographs_makes_a_tray(page: Page, sightline: str):
    files = [f for f in photographs() if "goldfish" in f.name or "koala" in f.name or "tench" in f.name][:2]
    files = files if len(files) == 2 else photographs()[:2]
    page.goto(sightline)
    finished(page)
    page.locator("input[type=file]").set_input_files(files)
    tray = page.get_by_role("group", name="Pictures")
    expect(tray.get_by_role("button")).to_have_count(8)
    expect(tray.locator("button[aria-pressed=true]")).to_contain_text(files[1].name)
    finished(page)
    expect(page).to_have_url(re.compile("sample=own"))
    assert files[1].stem not in page.url
    tray.get_by_role("button", name=files[0].name).click()
    expect(tray.locator("button[aria-pressed=true]")).to_contain_text(files[0].name)
    page.get_by_role("button", name="Remove my pictures").click()
    expect(tray.get_by_role("button")).to_have_count(6)


@pytest.mark.slow
def test_a_file_that_is_no_picture_is_refused_in_a_sentence(page: Page, sightline: str):
    page.goto(sightline)
    finished(page)
    page.locator("input[type=file]").set_input_files(
        [{"name": "evil.png", "mimeType": "image/png", "buffer": b"<html><script>alert(1)</script></html>"}]
    )
    refusal = page.get_by_test_id("stAlert")
    expect(refusal).to_be_visible()
    assert "Traceback" not in refusal.inner_text()
    expect(page.locator(".viewer .scene")).to_be_visible()


@pytest.mark.slow
def test_a_download_without_a_network_fails_in_a_sentence_and_the_way_back_works(page: Page, sightline: str):
    page.goto(f"{sightline}/?model=torchvision%2Fmnasnet0_5")
    page.get_by_role("button", name=re.compile(r"^Download \d+ MB$")).click()
    expect(page.get_by_test_id("stAlert")).to_contain_text("could not be downloaded", timeout=120_000)
    page.get_by_role("button", name="Use the bundled model").click()
    finished(page)
