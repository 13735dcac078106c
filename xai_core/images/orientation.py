"""Turning a picture upright, once, as its EXIF data ask."""

from __future__ import annotations

from PIL import ExifTags, Image

from xai_core.images.refusals import DECODER_ERRORS

# EXIF 2.32, tag 274: what to do with the stored rows and columns.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_UPRIGHT, _UNREADABLE = 1, 0


def decode_upright(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """The decoded picture with orientation 1, and a sentence where it was turned or its EXIF data cannot be read."""
    # Pillow turns TIFF pictures itself while it decodes them and then forgets the tag, so that one is asked for before.
    requested = _orientation(image) if image.format == "TIFF" else _UPRIGHT
    image.load()
    left = _orientation(image)
    if left == _UNREADABLE:
        return image, ("The EXIF data cannot be read, so the picture was not turned.",)
    upright = image.transpose(_TURNS[left]) if left in _TURNS else image
    turned = left in _TURNS or requested in _TURNS
    return upright, ("The picture was turned upright, as its EXIF data ask.",) if turned else ()


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, _UPRIGHT)
    except DECODER_ERRORS:
        return _UNREADABLE
    return value if isinstance(value, int) and value in _TURNS else _UPRIGHT
