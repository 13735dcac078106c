"""The Map page in a real browser: the first visit, a click with a walk, a lasso with its mean map, suspects."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import ServerStarter

pytestmark = pytest.mark.browser

APP = Path(__file__).resolve().parents[2] / "streamlit_app.py"
WAIT_MS = 240_000
DRAWN = ".stage:not([data-drawn=''])[data-drawn]"


@pytest.fixture(scope="module")
def url(start_server: ServerStarter, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIGHTLINE_CACHE", str(tmp_path_factory.mktemp("cache")))
        with start_server(APP) as base:
            yield f"{base}/map"


def settled(page: Page) -> None:
    """t-SNE is drawn, its quality is said, and nothing is under way."""
    page.locator(DRAWN).wait_for(timeout=WAIT_MS)
    expect(page.get_by_text("mean little in t-SNE")).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_text("trustworthiness 0.99")).to_be_visible(timeout=WAIT_MS)
    still(page)


def still(page: Page) -> None:
    expect(page.locator("[data-testid=stApp]")).to_have_attribute(
        "data-test-script-state", "notRunning", timeout=WAIT_MS
    )


def open_a_point(page: Page) -> Locator:
    """Click along the middle of the map until a picture opens."""
    stage = page.locator(".stage")
    stage.focus()
    frame = stage.bounding_box()
    assert frame
    panel = page.get_by_role("button", name="Explain this picture")
    for step in range(40):
        part = 0.15 + 0.7 * step / 40
        page.mouse.click(frame["x"] + part * frame["width"], frame["y"] + (0.3 + part / 3) * frame["height"])
        page.wait_for_timeout(700)
        if page.get_by_role("button", name="Close").count():
            break
    expect(panel).to_be_visible(timeout=WAIT_MS)
    return panel


def test_first_visit_shows_the_digits_as_clusters_and_a_click_opens_a_picture(page: Page, url: str):
    page.goto(url)
    settled(page)
    expect(page.locator(".number")).to_have_text("1,797 points")
    panel = open_a_point(page)
    tiles = page.locator(".st-key-space_neighbours .choice")
    expect(tiles).to_have_count(7, timeout=WAIT_MS)  # itself and the six nearest
    distances = [float(text.split(" ")[0]) for text in tiles.locator(".title").all_inner_texts()[1:]]
    assert distances == sorted(distances)
    tiles.nth(1).click()
    expect(page.locator("[class*=st-key-space_step_0]")).to_be_visible(timeout=WAIT_MS)
    still(page)
    panel.click()
    expect(page).to_have_url(re.compile(r"digit=\d+"), timeout=WAIT_MS)
    expect(page).to_have_url(re.compile("model=digits"), timeout=WAIT_MS)


def test_a_lasso_gives_filmstrip_mix_mean_map_and_list_and_outlives_another_colour(
    page: Page, url: str, tmp_path: Path
):
    page.goto(url)
    settled(page)
    frame = page.locator(".stage").bounding_box()
    assert frame
    corners = [(0.1, 0.15), (0.9, 0.15), (0.9, 0.6), (0.1, 0.6), (0.1, 0.2)]
    places = [(frame["x"] + x * frame["width"], frame["y"] + y * frame["height"]) for x, y in corners]
    page.keyboard.down("Shift")
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=5)
    page.mouse.up()
    page.keyboard.up("Shift")
    headline = page.get_by_role("heading", name=re.compile(r"^[\d,]+ selected pictures$"))
    expect(headline).to_be_visible(timeout=WAIT_MS)
    count = int(re.sub(r"\D", "", headline.inner_text()))
    assert 24 < count < 1797
    expect(page.locator(".st-key-space_film .choice")).to_have_count(24, timeout=WAIT_MS)
    page.get_by_role("button", name="Mean map of 32 pictures").click()
    expect(page.get_by_text(f"Mean over 32 of {count:,} selected pictures")).to_be_visible(timeout=WAIT_MS)
    page.locator(".st-key-space_method").get_by_text("PCA").click()
    expect(page.get_by_text("PCA shows")).to_be_visible(timeout=WAIT_MS)
    expect(headline).to_have_text(f"{count:,} selected pictures")
    still(page)
    with page.expect_download(timeout=WAIT_MS) as download:
        page.locator(".st-key-space_csv button").click()
    download.value.save_as(tmp_path / "selection.csv")
    with (tmp_path / "selection.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == count


def test_suspects_lead_to_the_map(page: Page, url: str):
    page.goto(url)
    page.locator(".st-key-space_part").get_by_text("Suspects").click(timeout=WAIT_MS)
    on_the_map = page.get_by_role("button", name="Show these on the map")
    expect(on_the_map).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_role("button", name="Decisions as CSV (0)")).to_be_disabled()
    still(page)
    on_the_map.click()
    expect(page.get_by_role("heading", name="60 selected pictures")).to_be_visible(timeout=WAIT_MS)
