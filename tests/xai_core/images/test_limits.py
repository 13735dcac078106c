"""Size limits are exact and hold before anything is decoded."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.xai_core.images.image_bytes import NOISE, encoded, header, jpeg_with, png, rows
from xai_core.errors import ImageError
from xai_core.images import Limits, load_image

PNG = encoded(NOISE, "PNG")


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        (Limits(max_bytes=len(PNG) - 1), r"has 0\.002 MB; at most 0\.002 MB are read"),
        (Limits(max_pixels=619), "has 31 x 20 pixels; at most 0.001 million are read"),
        (Limits(min_side=21), "has 31 x 20 pixels; each side needs at least 21"),
    ],
)
def test_limits_are_exact(limits: Limits, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "cat.png"
    path.write_bytes(PNG)
    for source in (PNG, path):
        with pytest.raises(ImageError, match=sentence):
            load_image(source, limits=limits)
    load_image(path, limits=Limits(max_bytes=len(PNG), max_pixels=620, min_side=20))


def test_pixel_limits_hold_for_pil_images_too() -> None:
    with pytest.raises(ImageError, match="The picture has 31 x 20 pixels; at most"):
        load_image(Image.fromarray(NOISE), limits=Limits(max_pixels=619))


def test_the_usual_limits_are_fifty_megabytes_and_sixty_million_pixels() -> None:
    assert Limits() == Limits(max_bytes=50_000_000, max_pixels=60_000_000, min_side=8)
    with pytest.raises(ImageError, match=r"has 50\.001 MB; at most 50 MB are read"):
        load_image(bytes(50_001_000))


@pytest.mark.slow
def test_a_picture_just_below_the_limit_is_read() -> None:
    data = png(header(8_000, 7_500, 1, 0), rows(7_500, bytes(1_000)))
    image = load_image(data)
    assert image.size == (7_500, 8_000)
    assert not image.pixels.any()
    with pytest.raises(ImageError, match="has 8001 x 7500 pixels"):
        load_image(png(header(8_001, 7_500, 1, 0), rows(7_500, bytes(1_001))))


def test_scans_are_counted_to_the_hundredth_and_not_past_the_end_of_the_image() -> None:
    progressive = encoded(Image.new("L", (16, 16), 128), "JPEG", progressive=True)
    scan = progressive[progressive.rindex(b"\xff\xda") : -2]
    own = progressive.count(b"\xff\xda")
    load_image(progressive[:-2] + scan * (100 - own) + progressive[-2:])
    load_image(progressive + scan * 500)
    with pytest.raises(ImageError, match="has more than 100 JPEG scans; save it again"):
        load_image(progressive[:-2] + scan * (101 - own) + progressive[-2:])


def test_a_scan_mark_inside_a_comment_is_not_counted() -> None:
    data = jpeg_with(encoded(NOISE, "JPEG"), 0xFE, b"\xff\xda" * 200)
    assert load_image(data).size == (20, 31)
