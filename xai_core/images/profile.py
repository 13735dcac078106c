"""Seeing colours through the ICC profile that a picture brings along."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

# All mixtures of 18 levels of red, green and blue: uint8 (324, 18, 3).
_COLOURS = (np.indices((18, 18, 18)) * 15).T.reshape(-1, 18, 3).astype(np.uint8)


def in_srgb(colour: Image.Image, profile: bytes | None) -> tuple[Image.Image, list[str]]:
    """The picture, without transparency, as sRGB in mode RGB, and a sentence where the profile changed it or failed."""
    plain = colour if colour.mode == "RGB" else colour.convert("RGB")
    if not profile:
        return plain, []
    try:
        opened, srgb = ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB")
        # Grey and palette pictures often carry an RGB profile; for CMYK and Lab that would be a contradiction.
        is_rgb = opened.profile.xcolor_space.strip() == "RGB" and colour.mode not in ("CMYK", "LAB")
        source = plain if is_rgb else colour
        transform = ImageCms.buildTransform(opened, srgb, source.mode, "RGB", flags=ImageCms.Flags.HIGHRESPRECALC)
        if is_rgb and _changes_nothing(transform):
            return plain, []
        managed = ImageCms.applyTransform(source, transform)
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        managed = None
    if managed is None:
        return plain, ["The embedded colour profile cannot be used and was ignored."]
    return managed, ["The colours were converted from the embedded colour profile to sRGB."]


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether it moves no colour by more than rounding does: most profiles are sRGB, which should stay bit for bit."""
    moved = ImageCms.applyTransform(Image.fromarray(_COLOURS), transform)
    return moved is not None and np.allclose(np.asarray(moved, np.int16), _COLOURS, rtol=0, atol=1)
