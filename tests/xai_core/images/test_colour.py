"""Transparency, palettes, CMYK and Lab, against arithmetic by hand."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.xai_core.images.image_bytes import NOISE, chunk, encoded, header, png, rows
from xai_core.images import load_image

ON_WHITE = "Transparent parts were laid on white."
PALETTE = "The palette's colours were written out as RGB."


def on_white(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """colour * alpha + white * (1 - alpha), rounded; 255 is odd, so there are no ties."""
    colour, alpha = colour.astype(int), alpha.astype(int)
    return (2 * (colour * alpha + 255 * (255 - alpha)) + 255) // 510


def every_pair() -> tuple[np.ndarray, np.ndarray]:
    """All 256 x 256 pairs of value and opacity, uint8 (256, 256) each."""
    value, alpha = np.indices((256, 256)).astype(np.uint8)
    return value, alpha


def test_rgba_is_laid_on_white_for_every_value_and_opacity() -> None:
    value, alpha = every_pair()
    rgba = np.stack([value, value[::-1], value.T, alpha], axis=-1)
    image = load_image(encoded(rgba, "PNG"))
    assert np.array_equal(image.pixels, on_white(rgba[..., :3], alpha[..., None]))
    assert image.notes == (ON_WHITE,)


def test_grey_with_alpha_is_laid_on_white_for_every_value_and_opacity() -> None:
    value, alpha = every_pair()
    lines = b"".join(b"\0" + row.tobytes() for row in np.stack([value, alpha], axis=-1))
    image = load_image(png(header(256, 256, 8, 4), chunk(b"IDAT", zlib.compress(lines))))
    assert np.array_equal(image.pixels, np.repeat(on_white(value, alpha)[..., None], 3, axis=-1))
    assert image.notes == (ON_WHITE,)


def test_a_fully_opaque_alpha_channel_changes_and_says_nothing() -> None:
    opaque = np.dstack([NOISE, np.full(NOISE.shape[:2], 255, np.uint8)])
    image = load_image(encoded(opaque, "PNG"))
    assert np.array_equal(image.pixels, NOISE)
    assert image.notes == ()


def test_webp_transparency_is_laid_on_white() -> None:
    rgba = np.dstack([NOISE, NOISE[..., :1]])
    image = load_image(encoded(rgba, "WEBP", lossless=True, exact=True))
    assert np.array_equal(image.pixels, on_white(NOISE, NOISE[..., :1]))


def test_a_palette_is_written_out() -> None:
    colours = bytes((255, 0, 0, 0, 128, 0, 9, 8, 7))
    image = load_image(png(header(9, 9, 8, 3), chunk(b"PLTE", colours), rows(9, bytes((0, 1, 2) * 3))))
    expected = np.frombuffer(colours * 27, np.uint8).reshape(9, 9, 3)
    assert np.array_equal(image.pixels, expected)
    assert image.notes == (PALETTE,)


def test_a_palette_with_opacities_is_laid_on_white() -> None:
    colours, opacities = bytes((255, 0, 0, 0, 128, 0, 9, 8, 7)), bytes((0, 100))
    parts = chunk(b"PLTE", colours), chunk(b"tRNS", opacities), rows(9, bytes((0, 1, 2) * 3))
    image = load_image(png(header(9, 9, 8, 3), *parts))
    # 0 * 100/255 + 255 * 155/255 = 155; 128 * 100/255 + 155 = 205.2
    assert image.pixels[0, :3].tolist() == [[255, 255, 255], [155, 205, 155], [9, 8, 7]]
    assert image.notes == (PALETTE, ON_WHITE)


def test_a_transparent_gif_is_laid_on_white() -> None:
    picture = Image.new("P", (10, 9), 1)
    picture.putpalette((10, 20, 30, 40, 50, 60))
    picture.paste(0, (0, 0, 5, 9))
    image = load_image(encoded(picture, "GIF", transparency=0))
    assert (image.pixels[:, :5] == 255).all()
    assert (image.pixels[:, 5:] == (40, 50, 60)).all()
    assert image.notes == (PALETTE, ON_WHITE)


@pytest.mark.parametrize(("kind", "key"), [(2, (7, 8, 9)), (0, (7,))])
def test_a_colour_that_counts_as_transparent_becomes_white(kind: int, key: tuple[int, ...]) -> None:
    row = bytes(key) * 5 + bytes(len(key)) * 5
    image = load_image(png(header(10, 9, 8, kind), chunk(b"tRNS", struct.pack(f">{len(key)}H", *key)), rows(9, row)))
    assert (image.pixels[:, :5] == 255).all()
    assert (image.pixels[:, 5:] == 0).all()
    assert image.notes == (ON_WHITE,)


def test_one_bit_pixels_are_black_and_white() -> None:
    image = load_image(png(header(16, 9, 1, 0), rows(9, b"\xf0\x0f")))
    assert image.pixels[4, :, 0].tolist() == [255] * 4 + [0] * 8 + [255] * 4
    assert image.notes == ("The picture has black and white pixels only.",)


def test_cmyk_is_converted_by_hand_made_products() -> None:
    ink = np.random.default_rng(3).integers(0, 256, (20, 20, 4), dtype=np.uint8)
    image = load_image(encoded(Image.fromarray(ink, "CMYK"), "TIFF"))
    light = 255 - ink.astype(int)
    expected = light[..., :3] * light[..., 3:] / 255
    assert np.abs(image.pixels - expected).max() <= 1
    assert image.notes == ("The CMYK colours were converted to RGB.",)


def test_a_cmyk_jpeg_with_adobes_inverted_inks_has_the_right_colours() -> None:
    ink = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    data = encoded(ink, "JPEG", quality=100)
    assert b"Adobe" in data
    image = load_image(data)
    assert np.abs(image.pixels.astype(int) - (255, 0, 0)).max() <= 3


def test_lab_is_converted_to_the_right_colours() -> None:
    # TIFF's photometric 8 stores L* 255 / 100 and signed a*, b*. L* 50.2 is sRGB 119; the red of sRGB is L* 54.29,
    # a* 80.81, b* 69.89 under D50, the white of ICC profiles.
    lab = np.full((9, 10, 3), (128, 0, 0), np.uint8)
    lab[:, 5:] = 138, 81, 70
    buffer = BytesIO()
    tifffile.imwrite(buffer, lab, photometric="cielab")
    image = load_image(buffer.getvalue())
    assert image.pixels[0, 0].tolist() == [119, 119, 119]
    assert np.abs(image.pixels[0, 9].astype(int) - (255, 0, 0)).max() <= 5
    assert image.notes == ("The Lab colours were converted to RGB.",)
