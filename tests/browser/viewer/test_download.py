"""The downloaded image: size, content, and a name that tells nothing of the picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from tests.browser.viewer.known import HEIGHT, WIDTH

pytestmark = pytest.mark.browser


@pytest.fixture
def downloaded(shown: Page, tmp_path: Path) -> tuple[str, np.ndarray]:
    """The suggested name, and uint8 (h, w, 3)."""
    shown.locator(".opacity").fill("100")
    with shown.expect_download() as event:
        shown.get_by_role("button", name="Download PNG").click()
    event.value.save_as(tmp_path / "image.png")
    image = Image.open(tmp_path / "image.png")
    assert image.format == "PNG"
    return event.value.suggested_filename, np.asarray(image.convert("RGB"))


def test_it_holds_the_image_as_seen_in_the_pictures_resolution_and_a_strip_below(
    shown: Page, pixels: Callable, downloaded: tuple[str, np.ndarray]
) -> None:
    height, width = downloaded[1].shape[:2]
    assert width == WIDTH
    assert HEIGHT + 30 < height < HEIGHT + 150
    strip = downloaded[1][HEIGHT:]
    assert (strip[0] == strip[0, 0]).all()  # paper first, then ink: a colour bar and letters
    assert strip.std() > 10
    canvas = pixels(shown.locator(".viewer .scene"))
    frame = 3  # the line around the box is drawn on the image, but not on the canvas read here
    inside = np.s_[frame:-frame, 100 + frame : 500 - frame]
    np.testing.assert_array_equal(downloaded[1][:HEIGHT][inside], canvas[inside])
    assert downloaded[0] == "sightline-layer2-i-conv.png", "the layer, and nothing of the picture"
