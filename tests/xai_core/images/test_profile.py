"""Colour profiles, against the formulas of the standards."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.xai_core.images.image_bytes import NOISE, encoded
from xai_core.images import SAMPLES, load_image
from xai_core.images.samples import sample_path

CONVERTED = "The colours were converted from the embedded colour profile to sRGB."
UNUSABLE = "The embedded colour profile cannot be used and was ignored."
ON_WHITE = "Transparent parts were laid on white."


def srgb_curve(light: np.ndarray) -> np.ndarray:
    """IEC 61966-2-1: linear light in [0, 1] to the encoded value in [0, 1]."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def adobe_rgb() -> bytes:
    rocket = next(sample for sample in SAMPLES if sample.key == "rocket")
    with Image.open(sample_path(rocket)) as image:
        return image.info["icc_profile"]


def grey_of_gamma_1_8() -> bytes:
    """A version 2 ICC profile of one grey channel, as old screens of the Macintosh had."""
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)  # D50, in 1/65536
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(1.8 * 256))  # one point: the exponent
    start = 128 + 4 + 2 * 12
    tags = struct.pack(">I", 2) + b"wtpt" + struct.pack(">II", start, 20) + b"kTRC" + struct.pack(">II", start + 20, 14)
    body = tags + white + curve
    head = struct.pack(">I4sI4s4s4s", 128 + len(body), b"\0\0\0\0", 0x02100000, b"mntr", b"GRAY", b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + body


def test_adobe_rgb_becomes_srgb_as_the_standards_say() -> None:
    profile = adobe_rgb()
    colours = np.array([[[64, 128, 200], [128, 128, 128], [200, 180, 160], [90, 110, 70]]], np.uint8)
    image = load_image(encoded(np.repeat(colours, 9, axis=0).repeat(3, axis=1), "PNG", icc_profile=profile))
    to_xyz = [[0.57667, 0.18556, 0.18823], [0.29734, 0.62736, 0.07529], [0.02703, 0.07069, 0.99134]]
    to_linear_srgb = [[3.24045, -1.53714, -0.49853], [-0.96927, 1.87601, 0.04156], [0.05564, -0.20403, 1.05723]]
    light = (colours[0] / 255) ** (563 / 256) @ np.array(to_xyz).T @ np.array(to_linear_srgb).T
    assert np.abs(image.pixels[0, ::3] - 255 * srgb_curve(light)).max() <= 2
    assert np.abs(image.pixels[0, 0].astype(int) - colours[0, 0]).max() > 10
    assert image.notes == (CONVERTED,)


def test_grey_with_a_profile_of_gamma_1_8_follows_the_curves_of_both() -> None:
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    expected = 255 * srgb_curve((ramp / 255) ** 1.8)
    for picture in (ramp, np.stack([ramp, np.full_like(ramp, 255)], axis=-1)):
        image = load_image(encoded(picture, "PNG", icc_profile=grey_of_gamma_1_8()))
        assert np.abs(image.pixels - expected[..., None]).max() <= 1
        assert image.notes == (CONVERTED,)


def test_an_srgb_profile_leaves_the_picture_bit_for_bit() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for picture in (NOISE, NOISE[..., 0]):
        image = load_image(encoded(picture, "PNG", icc_profile=profile))
        assert np.array_equal(image.pixels, NOISE if picture.ndim == 3 else np.stack([picture] * 3, axis=-1))
        assert image.notes == ()


def test_profile_and_transparency_work_together() -> None:
    rgba = np.dstack([NOISE, NOISE[..., 1]])
    profile = adobe_rgb()
    managed = load_image(encoded(NOISE, "PNG", icc_profile=profile)).pixels
    image = load_image(encoded(rgba, "PNG", icc_profile=profile))
    opacity = NOISE[..., 1:2] / 255
    assert np.array_equal(image.pixels, np.rint(managed * opacity + 255 * (1 - opacity)))
    assert image.notes == (CONVERTED, ON_WHITE)


@pytest.mark.parametrize("profile", [b"rubbish", bytes(300), adobe_rgb()[:200]], ids=["text", "zeros", "cut"])
def test_a_broken_profile_is_ignored_and_said(profile: bytes) -> None:
    image = load_image(encoded(NOISE, "PNG", icc_profile=profile))
    assert np.array_equal(image.pixels, NOISE)
    assert image.notes == (UNUSABLE,)


def test_a_profile_for_other_channels_is_ignored_and_said() -> None:
    assert load_image(encoded(NOISE, "PNG", icc_profile=grey_of_gamma_1_8())).notes == (UNUSABLE,)
    ink = encoded(Image.new("CMYK", (9, 9)), "TIFF", icc_profile=adobe_rgb())
    assert load_image(ink).notes == ("The CMYK colours were converted to RGB.", UNUSABLE)
