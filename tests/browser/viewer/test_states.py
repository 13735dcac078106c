"""A picture alone, a map that means nothing, and both signs; the words and contrasts for those who need them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.settled import turn
from tests.browser.viewer.contrast import CONTRAST
from tests.browser.viewer.known import GREY, MAIN, MAPS, NAME

pytestmark = pytest.mark.browser


def test_a_picture_alone_has_no_legend_and_can_be_clicked(shown: Page, pixels: Callable) -> None:
    shown.get_by_text("nothing", exact=True).click()
    shown.locator(".viewer .scene[data-heat=none]").wait_for()
    assert (pixels(shown.locator(".viewer .scene"))[:, 100:500] == GREY).all()
    expect(shown.locator(".legend")).to_be_hidden()
    expect(shown.locator(".opacity")).to_be_hidden()
    shown.locator(".viewer .scene").focus()
    shown.keyboard.press("Enter")
    expect(shown.get_by_text("row=None, col=None")).to_be_visible()


def test_a_map_without_evidence_is_said_and_not_drawn(shown: Page, pixels: Callable) -> None:
    shown.get_by_text("no evidence", exact=True).click()
    expect(shown.locator(".banner")).to_have_text("No positive evidence to show.")
    expect(shown.locator(".banner")).to_have_css("opacity", "1")
    assert (pixels(shown.locator(".viewer .scene"))[:, 100:500] == GREY).all()
    expect(shown.locator(".opacity")).to_be_disabled()


def test_both_signs_use_a_diverging_scale(shown: Page, pixels: Callable) -> None:
    shown.locator(".opacity").fill("100")
    before = pixels(shown.locator(".viewer .scene"))
    shown.get_by_text("signed", exact=True).click()
    expect(shown.locator(".scales")).to_have_value("vik")
    assert (pixels(shown.locator(".viewer .scene")) != before).any()


def test_a_bar_of_both_signs_says_what_its_ends_mean_and_what_is_hidden(shown: Page) -> None:
    top = np.abs(MAPS[MAIN]).max()
    expect(shown.locator(".low-end")).to_be_empty()
    shown.get_by_text("signed", exact=True).click()
    for part, text in {
        "low": f"−{top:.3g}",
        "low-end": "against",
        "cut": "0",
        "high": f"{top:.3g}",
        "high-end": "for",
    }.items():
        expect(shown.locator(f".{part}")).to_have_text(text)
    shown.locator(".threshold").fill("50")
    expect(shown.locator(".cut")).to_have_text(f"hidden within ±{top / 2:.3g}")
    words = f"Colour scale of Evidence from −{top:.3g} (against) to {top:.3g} (for), hidden within ±{top / 2:.3g}"
    expect(shown.get_by_role("img", name=words)).to_be_visible()


def test_tiles_of_both_signs_draw_what_speaks_against(shown: Page, pixels: Callable) -> None:
    tile = shown.locator(".gallery").get_by_role("button", name="layer3")
    expect(tile).to_contain_text("no positive evidence")
    shown.get_by_text("signed", exact=True).click()
    expect(tile).to_contain_text("−1 to −1")
    image = pixels(tile.locator("canvas")).astype(int)
    middle = image[image.shape[0] // 2, image.shape[1] // 2]
    assert middle[2] - middle[0] > 20, "the scale's negative end is blue"


def test_the_picture_has_words_and_nothing_sent_becomes_markup(shown: Page) -> None:
    scene = shown.get_by_role("img", name=f"{NAME}, overlaid with Evidence of layer {MAIN}")
    expect(scene).to_have_attribute("tabindex", "0")
    expect(shown.locator("#words")).to_have_text("Words <i>about</i> the map.")
    assert shown.locator(".viewer i, .viewer b, .gallery i, .gallery b").count() == 0


def test_every_control_has_a_name(shown: Page) -> None:
    names = {
        "slider": ("Opacity", "Hide below"),
        "combobox": ("Colour scale",),
        "radio": ("Bilinear", "Corners aligned", "Bicubic", "Cells"),
        "button": ("Hold to hide", "Download PNG"),
    }
    for role, name in [(role, name) for role, found in names.items() for name in found]:
        expect(shown.locator(".viewer").get_by_role(role, name=name)).to_be_visible()  # type: ignore[arg-type]


def test_text_has_a_contrast_of_at_least_4_5_in_both_themes(shown: Page) -> None:
    for scheme in ("light", "dark"):
        turn(shown, scheme)
        shown.locator(".viewer .scene").hover()
        for part in (".viewer", ".gallery"):
            assert shown.evaluate(CONTRAST, part) >= 4.5, (scheme, part)


def test_no_part_moves_for_those_who_ask_for_less_motion(shown: Page) -> None:
    for motion, moving in [("no-preference", True), ("reduce", False)]:
        shown.emulate_media(reduced_motion=motion)  # type: ignore[arg-type]
        duration = shown.locator(".hold").evaluate("button => getComputedStyle(button).transitionDuration")
        assert (float(duration.split("s")[0]) > 0) is moving


def test_nothing_overflows_at_any_width(shown: Page) -> None:
    for width in (1200, 768, 420, 320):
        shown.set_viewport_size({"width": width, "height": 800})
        shown.wait_for_timeout(300)
        for part in (".viewer", ".gallery"):
            inner, outer = shown.locator(part).evaluate("element => [element.scrollWidth, element.clientWidth]")
            assert inner <= outer + 1, (width, part)
        assert np.isfinite(shown.locator(".viewer").bounding_box()["width"])  # type: ignore[index]
