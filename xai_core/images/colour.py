"""From any of Pillow's modes to RGB on white, each step told in one sentence."""

from __future__ import annotations

import numpy as np
from PIL import Image

from xai_core.images.grey import DEEP_GREY, stretched
from xai_core.images.profile import in_srgb

_PHOTOMETRIC_TAG, _WHITE_IS_ZERO = 262, 0
_TOLD = {
    "1": "The picture has black and white pixels only.",
    "P": "The palette's colours were written out as RGB.",
    "PA": "The palette's colours were written out as RGB.",
    "CMYK": "The CMYK colours were converted to RGB.",
    "YCbCr": "The YCbCr colours were converted to RGB.",
    "LAB": "The Lab colours were converted to RGB.",
    "HSV": "The HSV colours were converted to RGB.",
}


def rgb_on_white(image: Image.Image, label: str) -> tuple[Image.Image, list[str]]:
    """The decoded picture in mode RGB: deep grey stretched, embedded profile applied, transparency laid on white."""
    colour, alpha = _colour_and_alpha(image)
    if image.mode in DEEP_GREY:
        rgb, notes = _grey(image, label)
    else:
        rgb, notes = in_srgb(colour, image.info.get("icc_profile"))
    if image.mode in _TOLD:
        notes.insert(0, _TOLD[image.mode])
    if alpha is not None and np.asarray(alpha).min() < 255:
        white = Image.new("RGB", rgb.size, "white")
        white.paste(rgb, mask=alpha)
        return white, [*notes, "Transparent parts were laid on white."]
    return rgb, notes


def _colour_and_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """The colours without transparency, and the opacity as an image of mode L where the picture has any."""
    if not image.has_transparency_data:
        return image, None
    if image.mode in DEEP_GREY:
        opaque = np.asarray(image) != image.info["transparency"]
        return image, Image.fromarray(opaque.astype(np.uint8) * 255)
    mode = "LA" if image.mode in ("1", "L", "LA", "La") else "RGBA"
    with_alpha = image.convert(mode)
    return with_alpha.convert(mode.removesuffix("A")), with_alpha.getchannel("A")


def _grey(image: Image.Image, label: str) -> tuple[Image.Image, list[str]]:
    # Pillow inverts WhiteIsZero for eight bits and not for more.
    tags = getattr(image, "tag_v2", {})
    zero_is_white = tags.get(_PHOTOMETRIC_TAG) == _WHITE_IS_ZERO
    grey, note = stretched(np.asarray(image), DEEP_GREY[image.mode], label, zero_is_white=zero_is_white)
    notes = [note]
    if image.info.get("icc_profile"):
        notes.append("The embedded colour profile was ignored, since the grey values were stretched.")
    return Image.fromarray(grey).convert("RGB"), notes
