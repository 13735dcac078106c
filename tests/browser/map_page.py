"""What several browser tests do on the Map page."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

WAIT_MS = 240_000
STAGE = ".st-key-space_map .stage"  # pictures with maps have stages too
DRAWN = f"{STAGE}:not([data-drawn=''])[data-drawn]"


def settled(page: Page) -> None:
    """t-SNE is drawn, its quality is said, and nothing is under way."""
    page.locator(DRAWN).wait_for(timeout=WAIT_MS)
    expect(page.get_by_text("mean little in t-SNE")).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_text("trustworthiness")).to_be_visible(timeout=WAIT_MS)
    still(page)


def still(page: Page) -> None:
    expect(page.locator("[data-testid=stApp]")).to_have_attribute(
        "data-test-script-state", "notRunning", timeout=WAIT_MS
    )


def open_a_point(page: Page) -> Locator:
    """Click over the map until a picture opens; gives the button that explains it."""
    stage = page.locator(STAGE)
    stage.focus()
    frame = stage.bounding_box()
    assert frame
    close = page.get_by_role("button", name="Close")
    for step in range(240):
        x, y = 0.1 + 0.8 * (step % 20) / 19, 0.15 + 0.7 * (step * 7 % 12) / 11
        page.mouse.move(frame["x"] + x * frame["width"], frame["y"] + y * frame["height"])
        if not stage.evaluate("stage => stage.classList.contains('pointing')"):
            continue
        page.mouse.down()
        page.mouse.up()
        expect(close).to_be_visible(timeout=WAIT_MS)
        break
    panel = page.get_by_role("button", name="Explain this picture")
    expect(panel).to_be_visible(timeout=WAIT_MS)
    return panel


def lasso(page: Page, corners: list[tuple[float, float]]) -> int:
    """Draw a lasso through these parts of the map's width and height; how many pictures it holds."""
    frame = page.locator(STAGE).bounding_box()
    assert frame
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
    return int(re.sub(r"\D", "", headline.inner_text()))
