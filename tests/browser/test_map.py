"""The Map page in a real browser: the first visit, a click with a walk, a lasso with its mean map, suspects."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.map_page import STAGE, WAIT_MS, lasso, open_a_point, settled, still

pytestmark = pytest.mark.browser

COLOUR = ".st-key-space_colour"


@pytest.fixture
def url(sightline: str) -> str:
    return f"{sightline}/map"


def test_first_visit_shows_the_digits_as_clusters_and_a_click_opens_a_picture(page: Page, url: str):
    page.goto(url)
    settled(page)
    expect(page.get_by_text("trustworthiness 0.99")).to_be_visible()
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
    count = lasso(page, [(0.1, 0.15), (0.9, 0.15), (0.9, 0.6), (0.1, 0.6), (0.1, 0.2)])
    headline = page.get_by_role("heading", name=re.compile(r"^[\d,]+ selected pictures$"))
    assert 24 < count < 1797
    expect(page.locator(".st-key-space_film .choice")).to_have_count(24, timeout=WAIT_MS)
    button = page.get_by_role("button", name="Mean map of 32 pictures")
    mean = page.get_by_text(f"Mean over 32 of {count:,} selected pictures")
    expect(button.or_(mean)).to_be_visible(timeout=WAIT_MS)
    if button.is_visible():  # the server is shared: somebody may have asked for this very map before
        button.click()
    expect(mean).to_be_visible(timeout=WAIT_MS)
    page.locator(".st-key-space_method").get_by_text("PCA").click()
    expect(page.get_by_text("PCA shows")).to_be_visible(timeout=WAIT_MS)
    expect(headline).to_have_text(f"{count:,} selected pictures")
    still(page)
    with page.expect_download(timeout=WAIT_MS) as download:
        page.locator(".st-key-space_csv button").click()
    download.value.save_as(tmp_path / "selection.csv")
    with (tmp_path / "selection.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == count


@pytest.mark.parametrize(("width", "height"), [pytest.param(1440, 900, marks=pytest.mark.slow), (1024, 768)])
def test_map_and_what_was_picked_stand_on_one_screen(page: Page, url: str, width: int, height: int):
    page.set_viewport_size({"width": width, "height": height})
    page.goto(url)
    settled(page)
    tops = [page.locator(f"{row} label").first.bounding_box()["y"] for row in (".st-key-space_method", COLOUR)]
    assert tops[0] == pytest.approx(tops[1], abs=1)
    frame = page.locator(STAGE).bounding_box()
    assert frame["width"] >= 400
    assert frame["y"] + frame["height"] <= height
    expect(page.locator(".post:not(.gone)")).to_have_count(10, timeout=WAIT_MS)
    chips = [chip.bounding_box()["y"] for chip in page.locator(".entry").all()]
    assert len(set(chips)) <= 3  # rows of the legend
    lasso(page, [(0.1, 0.15), (0.9, 0.15), (0.9, 0.6), (0.1, 0.6), (0.1, 0.2)])
    expect(page.locator(".st-key-space_film .choice").first).to_be_in_viewport(ratio=1, timeout=WAIT_MS)
    open_a_point(page)
    expect(page.get_by_text(re.compile(r"^\d/\d{4} · predicted"))).to_be_in_viewport(ratio=1, timeout=WAIT_MS)
    expect(page.locator(".st-key-space_open .stage")).to_be_in_viewport(ratio=0.3, timeout=WAIT_MS)


def test_suspects_lead_to_the_map(page: Page, url: str):
    page.goto(url)
    page.locator(".st-key-space_part").get_by_text("Suspects").click(timeout=WAIT_MS)
    on_the_map = page.get_by_role("button", name="Show these on the map")
    expect(on_the_map).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_role("button", name="Decisions as CSV (0)")).to_be_disabled()
    still(page)
    on_the_map.click()
    expect(page.get_by_role("heading", name="60 selected pictures")).to_be_visible(timeout=WAIT_MS)


@pytest.mark.slow
def test_umap_arrives_places_a_picture_and_is_there_at_once_on_a_second_visit(page: Page, url: str):
    page.goto(url)
    settled(page)
    page.locator(".st-key-space_method").get_by_text("UMAP").click()
    expect(page.get_by_text(re.compile("PCA is shown until UMAP is ready"))).to_be_visible(timeout=WAIT_MS)
    expect(page.locator(STAGE)).to_have_attribute("aria-label", re.compile("^UMAP of"), timeout=2 * WAIT_MS)
    still(page)
    page.get_by_text("Place my picture").click()
    expect(page.get_by_text("unlike the pictures of this map")).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_text("cannot place it")).to_have_count(0)
    page.goto(url)
    settled(page)
    page.locator(".st-key-space_method").get_by_text("UMAP").click()
    expect(page.locator(STAGE)).to_have_attribute("aria-label", re.compile("^UMAP of"), timeout=WAIT_MS)
