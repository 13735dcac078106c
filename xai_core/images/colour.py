"""From any of Pillow's modes to RGB on white: deep grey stretched, profiles applied, each step told in a sentence."""

from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

from xai_core.errors import ImageError

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
_DEEP_GREY = {
    "I;16": "16-bit",
    "I;16L": "16-bit",
    "I;16B": "16-bit",
    "I;16N": "16-bit",
    "I": "whole-number",
    "F": "floating-point",
}
_MID_GREY = 128
_ROWS_AT_ONCE = 512  # keeps the float64 copy small on a large picture
# All mixtures of 18 levels of red, green and blue: uint8 (324, 18, 3).
_COLOURS = (np.indices((18, 18, 18)) * 15).T.reshape(-1, 18, 3).astype(np.uint8)


def rgb_on_white(image: Image.Image, label: str) -> tuple[Image.Image, list[str]]:
    """The decoded picture in mode RGB: deep grey stretched, embedded profile applied, transparency laid on white."""
    colour, alpha = _colour_and_alpha(image)
    if image.mode in _DEEP_GREY:
        rgb, notes = _grey(image, label)
    else:
        rgb, notes = _in_srgb(colour, image.info.get("icc_profile"))
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
    if image.mode in _DEEP_GREY:
        opaque = np.asarray(image) != image.info["transparency"]
        return image, Image.fromarray(opaque.astype(np.uint8) * 255)
    mode = "LA" if image.mode in ("1", "L", "LA", "La") else "RGBA"
    with_alpha = image.convert(mode)
    return with_alpha.convert(mode.removesuffix("A")), with_alpha.getchannel("A")


def _grey(image: Image.Image, label: str) -> tuple[Image.Image, list[str]]:
    # Pillow inverts WhiteIsZero for eight bits and not for more.
    tags = getattr(image, "tag_v2", {})
    zero_is_white = tags.get(_PHOTOMETRIC_TAG) == _WHITE_IS_ZERO
    grey, note = _stretched(np.asarray(image), _DEEP_GREY[image.mode], label, zero_is_white=zero_is_white)
    notes = [note]
    if image.info.get("icc_profile"):
        notes.append("The embedded colour profile was ignored, since the grey values were stretched.")
    return Image.fromarray(grey).convert("RGB"), notes


def _stretched(values: np.ndarray, depth: str, label: str, *, zero_is_white: bool) -> tuple[np.ndarray, str]:
    """(h, w) numbers as uint8 (h, w), linear from their minimum..maximum to 0..255, and the sentence that says so.

    zero_is_white: low values are light (TIFF's WhiteIsZero), so 255..0. Raises ImageError where a value is not finite.
    """
    low, high = float(values.min()), float(values.max())
    if not np.isfinite([low, high]).all():
        raise ImageError(f"{label} holds grey values that are NaN or infinite; replace them and save it again.")
    if low == high:
        grey = np.full(values.shape, _MID_GREY, np.uint8)
        return grey, f"All its {depth} grey values are {low:.6g}; they are shown as mid grey."
    blocks = np.split(values, range(_ROWS_AT_ONCE, len(values), _ROWS_AT_ONCE))
    grey = np.concatenate(
        [np.rint((rows.astype(np.float64) - low) * 255 / (high - low)).astype(np.uint8) for rows in blocks]
    )
    ends = "0 to 255"
    if zero_is_white:
        grey, ends = 255 - grey, "255 to 0"
    return grey, f"The picture has {depth} grey values {low:.6g} to {high:.6g}; they were stretched to {ends}."


def _in_srgb(colour: Image.Image, profile: bytes | None) -> tuple[Image.Image, list[str]]:
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
    except Exception:  # a damaged profile makes it raise anything
        managed = None
    if managed is None:
        return plain, ["The embedded colour profile cannot be used and was ignored."]
    return managed, ["The colours were converted from the embedded colour profile to sRGB."]


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether it moves no colour by more than rounding does: most profiles are sRGB, which should stay bit for bit."""
    moved = ImageCms.applyTransform(Image.fromarray(_COLOURS), transform)
    return moved is not None and np.allclose(np.asarray(moved, np.int16), _COLOURS, rtol=0, atol=1)
