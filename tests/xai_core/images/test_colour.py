"""Transparency, palettes, CMYK and colour profiles, against arithmetic by hand."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from tests.xai_core.images.picture_bytes import NOISE, chunk, encoded, header, png, rows
from xai_core.images import load_image

ON_WHITE = "Transparent parts were laid on white."
PALETTE = "The palette's colours were written out as RGB."
CONVERTED = "The colours were converted from the embedded colour profile to sRGB."
UNUSABLE = "The embedded colour profile cannot be used and was ignored."


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


def test_adobe_rgb_becomes_srgb_as_the_standards_say() -> None:
    profile = _adobe_rgb()
    colours = np.array([[[64, 128, 200], [128, 128, 128], [200, 180, 160], [90, 110, 70]]], np.uint8)
    image = load_image(encoded(np.repeat(colours, 9, axis=0).repeat(3, axis=1), "PNG", icc_profile=profile))
    to_xyz = [[0.57667, 0.18556, 0.18823], [0.29734, 0.62736, 0.07529], [0.02703, 0.07069, 0.99134]]
    to_linear_srgb = [[3.24045, -1.53714, -0.49853], [-0.96927, 1.87601, 0.04156], [0.05564, -0.20403, 1.05723]]
    light = (colours[0] / 255) ** (563 / 256) @ np.array(to_xyz).T @ np.array(to_linear_srgb).T
    assert np.abs(image.pixels[0, ::3] - 255 * _srgb_curve(light)).max() <= 2
    assert np.abs(image.pixels[0, 0].astype(int) - colours[0, 0]).max() > 10
    assert image.notes == (CONVERTED,)


def test_grey_with_a_linear_profile_follows_the_curve_of_srgb() -> None:
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    expected = 255 * _srgb_curve(ramp / 255)
    for picture in (ramp, np.stack([ramp, np.full_like(ramp, 255)], axis=-1)):
        image = load_image(encoded(picture, "PNG", icc_profile=_linear_grey()))
        assert np.abs(image.pixels - expected[..., None]).max() <= 1
        assert image.notes == (CONVERTED,)


def test_an_srgb_profile_leaves_the_picture_bit_for_bit() -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for picture in (NOISE, NOISE[..., 0]):
        image = load_image(encoded(picture, "PNG", icc_profile=profile))
        assert np.array_equal(image.pixels, NOISE if picture.ndim == 3 else np.stack([picture] * 3, axis=-1))
        assert image.notes == ()


def test_profile_and_transparency_work_together() -> None:
    rgba = np.dstack([NOISE, NOISE[..., 1]])
    profile = _adobe_rgb()
    managed = load_image(encoded(NOISE, "PNG", icc_profile=profile)).pixels
    image = load_image(encoded(rgba, "PNG", icc_profile=profile))
    assert np.array_equal(image.pixels, on_white(managed, NOISE[..., 1:2]))
    assert image.notes == (CONVERTED, ON_WHITE)


@pytest.mark.parametrize("profile", [b"rubbish", bytes(300), _profile := None], ids=["text", "zeros", "cut"])
def test_a_broken_profile_is_ignored_and_said(profile: bytes | None) -> None:
    image = load_image(encoded(NOISE, "PNG", icc_profile=profile or _adobe_rgb()[:200]))
    assert np.array_equal(image.pixels, NOISE)
    assert image.notes == (UNUSABLE,)


def test_a_profile_for_other_channels_is_ignored_and_said() -> None:
    assert load_image(encoded(NOISE, "PNG", icc_profile=_linear_grey())).notes == (UNUSABLE,)
    ink = encoded(Image.new("CMYK", (9, 9)), "TIFF", icc_profile=_adobe_rgb())
    assert load_image(ink).notes == ("The CMYK colours were converted to RGB.", UNUSABLE)


def _srgb_curve(light: np.ndarray) -> np.ndarray:
    """IEC 61966-2-1: linear light in [0, 1] to the encoded value in [0, 1]."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def _adobe_rgb() -> bytes:
    from xai_core.images.samples import SAMPLES, sample_path

    rocket = next(sample for sample in SAMPLES if sample.key == "rocket")
    with Image.open(sample_path(rocket)) as image:
        return image.info["icc_profile"]


def _linear_grey() -> bytes:
    """A version 2 ICC profile of one grey channel whose value is the light itself."""
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)  # D50, in 1/65536
    curve = b"curv\0\0\0\0" + struct.pack(">I", 0)  # no points: the identity
    start = 128 + 4 + 2 * 12
    tags = struct.pack(">I", 2) + b"wtpt" + struct.pack(">II", start, 20) + b"kTRC" + struct.pack(">II", start + 20, 12)
    body = tags + white + curve
    head = struct.pack(">I4sI4s4s4s", 128 + len(body), b"\0\0\0\0", 0x02100000, b"mntr", b"GRAY", b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + body
