"""What the viewer accepts, what it refuses, and the picture it shows."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dashboard.shared.components.viewer import DisplayImage, Heat, Tile, display_image, display_image_of
from xai_core.errors import ImageError, LayerError
from xai_core.types import Box

PIXELS = np.random.default_rng(0).integers(0, 256, (30, 50, 3), dtype=np.uint8)
GRID = np.ones((2, 2), np.float32)


def decoded(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def test_a_small_picture_is_shown_without_loss() -> None:
    np.testing.assert_array_equal(decoded(display_image(PIXELS)), PIXELS)


def test_a_large_picture_is_scaled_to_the_longer_side_and_its_true_size_is_kept() -> None:
    image = display_image_of(PIXELS, Box(0, 0, 50, 30), "a picture", max_side=25)
    assert decoded(image.data).shape == (15, 25, 3)
    assert image.size == (30, 50)


@pytest.mark.parametrize("pixels", [PIXELS[..., 0], PIXELS.astype(np.float32), PIXELS[:0]])
def test_other_pixels_are_refused(pixels: np.ndarray) -> None:
    with pytest.raises(ImageError, match="give uint8 of shape"):
        display_image(pixels)


def test_an_empty_box_is_refused() -> None:
    with pytest.raises(ImageError, match="is empty"):
        DisplayImage(b"", (30, 50), Box(10, 0, 10, 30), "a picture")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"values": np.ones((1, 2, 2), np.float32)}, r"shape \(1, 2, 2\)"),
        ({"values": np.array([[np.nan, 1]], np.float32)}, "not finite"),
        ({"vmax": float("inf")}, "must be finite"),
        ({"vmin": -2.0, "vmax": 1.0}, "start at 0, or at -vmax"),
    ],
)
def test_a_map_that_cannot_be_drawn_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(LayerError, match=message):
        Heat(**{"values": GRID, "vmax": 1.0, "label": "evidence", "layer": "layer4", "description": ""} | change)


def test_a_tile_refuses_what_the_viewer_refuses() -> None:
    with pytest.raises(LayerError, match="not finite"):
        Tile("layer4", GRID * np.inf)
