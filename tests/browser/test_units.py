"""The Units page in a real browser: the chain from a pixel to a unit, its patches, their pixels, and back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser

WAIT_MS = 240_000
DIGIT = "/units?model=digits&digit=3"


def ready(page: Page) -> None:
    """The whole page is drawn, its search has ended and the run is over."""
    expect(page.locator("[class*=st-key-unit_pixels_guided] .viewer .scene")).to_be_visible(timeout=WAIT_MS)
    page.locator(".piece").first.wait_for(timeout=WAIT_MS)
    expect(page.get_by_role("button", name="Stop")).to_have_count(0, timeout=WAIT_MS)
    expect(page.locator("[data-testid=stApp]")).to_have_attribute("data-test-script-state", "notRunning")


def headline(page: Page) -> Locator:
    return page.get_by_role("heading", name=re.compile(r"^Channel \d+, row \d+, column \d+$"))


def map_of(page: Page) -> Locator:
    return page.locator("[class*=st-key-unit_map] .viewer .scene")


def test_a_tour_from_pixel_to_unit_to_patches_to_pixels_and_back(page: Page, sightline: str):
    page.goto(f"{sightline}/units")
    ready(page)
    page.get_by_role("button", name="Tour with handwritten digits").click()
    expect(page).to_have_url(re.compile("model=digits"), timeout=WAIT_MS)
    expect(page.get_by_text("of 1,797 pictures")).to_be_visible(timeout=WAIT_MS)
    ready(page)
    scene = map_of(page)
    frame = scene.bounding_box()
    assert frame is not None
    scene.click(position={"x": frame["width"] * 2.5 / 8, "y": frame["height"] * 5.5 / 8})
    expect(headline(page)).to_contain_text("row 6, column 3", timeout=WAIT_MS)
    ready(page)
    here = page.locator("[class*=st-key-unit_here] .tile")
    strongest = here.first.inner_text()
    here.first.click()
    channel = re.search(r"channel (\d+)", strongest)
    assert channel
    expect(headline(page)).to_have_text(f"Channel {channel[1]}, row 6, column 3", timeout=WAIT_MS)
    expect(page.get_by_role("heading", name=f"What excites channel {channel[1]} most")).to_be_visible(timeout=WAIT_MS)
    expect(page.locator("[data-stale=true]")).to_have_count(0, timeout=WAIT_MS)  # the last channel's patches are gone
    ready(page)
    before = page.url
    current = re.search(r"digit=(\d+)", before)
    names = [name or "" for name in page.locator(".piece").evaluate_all("all => all.map(one => one.ariaLabel)")]
    found = [re.match(r"\d/(\d{4})", name) for name in names]
    other = next(n for n, digit in enumerate(found) if digit and (not current or int(digit[1]) != int(current[1])))
    digit = found[other]
    assert digit
    chosen = rf"^\d/{digit[1]} · block4 · channel {channel[1]},"
    page.locator(".piece").nth(other).click()
    expect(page).to_have_url(re.compile(rf"digit={int(digit[1])}(&|$)"), timeout=WAIT_MS)
    expect(page.get_by_text(re.compile(chosen))).to_be_visible(timeout=WAIT_MS)
    page.go_back()
    expect(page).to_have_url(before, timeout=WAIT_MS)
    expect(headline(page)).to_have_text(f"Channel {channel[1]}, row 6, column 3", timeout=WAIT_MS)


def test_arrow_keys_move_the_unit_and_shift_changes_channel_and_layer(page: Page, sightline: str):
    page.goto(f"{sightline}{DIGIT}&layer=block3&channel=5&place=3.3&order=peak")
    ready(page)
    expect(headline(page)).to_have_text("Channel 5, row 4, column 4")
    map_of(page).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(headline(page)).to_have_text("Channel 5, row 5, column 5", timeout=WAIT_MS)
    page.keyboard.press("Shift+ArrowUp")
    expect(page).to_have_url(re.compile("layer=block4"), timeout=WAIT_MS)
    expect(headline(page)).to_contain_text("row 5, column 5", timeout=WAIT_MS)
    first = headline(page).inner_text()
    page.keyboard.press("Shift+ArrowRight" if "channel=" not in page.url else "Shift+ArrowLeft")
    expect(headline(page)).not_to_have_text(first, timeout=WAIT_MS)


@pytest.mark.slow
def test_the_pad_moves_the_unit_and_stops_at_the_edge(page: Page, sightline: str):
    page.goto(f"{sightline}{DIGIT}&layer=block4&channel=5&place=1.0")
    ready(page)
    pad = page.locator(".pad")
    expect(pad.get_by_role("button", name="left")).to_be_disabled()
    pad.get_by_role("button", name="up").click()
    expect(headline(page)).to_have_text("Channel 5, row 1, column 1", timeout=WAIT_MS)
    expect(pad.get_by_role("button", name="up")).to_be_disabled(timeout=WAIT_MS)


def test_pointing_at_a_piece_shows_where_it_comes_from(page: Page, sightline: str):
    page.goto(f"{sightline}{DIGIT}&layer=block1")
    ready(page)
    config = page.locator(".card")
    expect(config).not_to_be_visible()
    page.locator(".piece").first.hover()
    expect(config).to_be_visible()
    frame, place = config.locator(".frame").bounding_box(), config.locator(".place").bounding_box()
    assert frame is not None
    assert place is not None
    assert place["width"] / frame["width"] == pytest.approx(5 / 16, abs=0.02)  # block1 sees 5 of 16 pixels
    page.mouse.move(0, 0)
    expect(config).not_to_be_visible()


@pytest.mark.slow
def test_a_tile_of_the_diagram_chooses_the_layer(page: Page, sightline: str):
    page.goto(f"{sightline}{DIGIT}")
    ready(page)
    page.locator(".stage", has_text="block2").click()
    expect(page).to_have_url(re.compile("layer=block2"), timeout=WAIT_MS)
    expect(page.get_by_role("heading", name="32 feature maps of this picture")).to_be_visible(timeout=WAIT_MS)


@pytest.mark.slow
def test_nothing_is_wider_than_the_window(page: Page, sightline: str):
    page.emulate_media(color_scheme="dark")
    page.goto(f"{sightline}/units")
    ready(page)
    for width, height in ((1440, 900), (1024, 768)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(500)
        assert page.locator("[data-testid=stMain]").evaluate("(e) => e.scrollWidth - e.clientWidth") <= 0, width
