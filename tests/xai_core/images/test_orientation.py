"""Each of the eight EXIF orientations is undone exactly once."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tests.xai_core.images.image_bytes import encoded, exif, grey_tiff, jpeg_with
from xai_core.images import load_image

STORED = np.random.default_rng(1).integers(0, 256, (9, 13), dtype=np.uint8)
SAID = ("The picture was turned upright, as its EXIF data ask.",)


def upright(stored: np.ndarray, orientation: int) -> np.ndarray:
    """Where each upright pixel (row y, column x) is stored, from the words of EXIF 2.32 for tag 274.

    For example 6: the stored row 0 is the right side and the stored column 0 is the top.
    """
    h, w = stored.shape[0] - 1, stored.shape[1] - 1
    place = {
        1: lambda y, x: (y, x),
        2: lambda y, x: (y, w - x),
        3: lambda y, x: (h - y, w - x),
        4: lambda y, x: (h - y, x),
        5: lambda y, x: (x, y),
        6: lambda y, x: (h - x, y),
        7: lambda y, x: (h - x, w - y),
        8: lambda y, x: (x, w - y),
    }[orientation]
    height, width = (h + 1, w + 1) if orientation <= 4 else (w + 1, h + 1)
    return np.array([[stored[place(y, x)] for x in range(width)] for y in range(height)])


def tag(orientation: int) -> Image.Exif:
    data = Image.Exif()
    data[274] = orientation
    return data


def files(orientation: int) -> dict[str, bytes]:
    rgb = Image.fromarray(STORED).convert("RGB")
    return {
        "png": encoded(rgb, "PNG", exif=tag(orientation)),
        "webp": encoded(rgb, "WEBP", lossless=True, exif=tag(orientation)),
        "tiff": grey_tiff(STORED, t274=orientation),
        "big-endian tiff": grey_tiff(STORED, ">", t274=orientation),
        "packed tiff": encoded(rgb, "TIFF", compression="tiff_lzw", exif=tag(orientation)),
    }


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", files(1))
def test_a_stored_orientation_is_undone_once_and_said(orientation: int, kind: str) -> None:
    image = load_image(files(orientation)[kind])
    assert np.array_equal(image.pixels[..., 1], upright(STORED, orientation))
    assert image.notes == (SAID if orientation > 1 else ())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_jpeg_pictures_are_turned(orientation: int) -> None:
    blocks = np.array([[250, 10, 130], [70, 190, 30]])
    data = encoded(np.kron(blocks, np.ones((8, 8))).astype(np.uint8), "JPEG", quality=100)
    image = load_image(jpeg_with(data, 0xE1, exif(bytes((0, orientation, 0, 0)))))
    expected = np.kron(upright(blocks, orientation), np.ones((8, 8)))
    assert np.abs(image.pixels[..., 0] - expected).max() <= 1


def test_a_pil_image_with_orientation_is_turned_and_left_as_it_was() -> None:
    image = Image.fromarray(STORED).convert("RGB")
    image.getexif()[274] = 6
    assert np.array_equal(load_image(image).pixels[..., 0], upright(STORED, 6))
    assert image.size == (13, 9)
    assert image.getexif()[274] == 6


def test_deep_grey_is_turned_too_and_its_white_is_zero_tag_survives() -> None:
    values = STORED.astype(np.uint16) * 257
    image = load_image(grey_tiff(values, t274=8, t262=0))
    low, high = int(STORED.min()), int(STORED.max())
    expected = 255 - np.rint((upright(STORED, 8).astype(float) - low) * 255 / (high - low))
    assert np.array_equal(image.pixels[..., 0], expected)


@pytest.mark.parametrize("value", [0, 9, 99, 65_535])
def test_an_orientation_that_does_not_exist_is_ignored(value: int) -> None:
    data = encoded(Image.fromarray(STORED), "PNG", exif=tag(value))
    assert np.array_equal(load_image(data).pixels[..., 0], STORED)


def test_unreadable_exif_data_are_ignored_and_said() -> None:
    data = encoded(Image.fromarray(STORED), "PNG", exif=b"Exif\0\0rubbish in place of a directory")
    image = load_image(data)
    assert np.array_equal(image.pixels[..., 0], STORED)
    assert image.notes == ("The EXIF data cannot be read, so the picture was not turned.",)
