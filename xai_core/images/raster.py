"""From a file, its bytes or a PIL image to an upright RGB photograph, or to a slice of a scan."""

import os
import stat
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from xai_core.errors import ImageError
from xai_core.images.colour import rgb_on_white
from xai_core.images.digest import array_digest
from xai_core.images.limits import DEFAULT_LIMITS, Limits, check_bytes, check_jpeg_scans, check_size, recognise
from xai_core.images.refusals import decoder_errors_refused, label_of
from xai_core.images.scan_format import is_scan_name, scan_format
from xai_core.types import SourceImage

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


def load_image(
    source: str | Path | bytes | Image.Image, *, name: str | None = None, limits: Limits = DEFAULT_LIMITS
) -> SourceImage:
    """The picture in a file (PNG, JPEG, WebP, TIFF, BMP, GIF: first frame), upright, as read-only sRGB on white.

    A DICOM or NIfTI file gives its middle slice, in physical units; `open_scans` gives whole series.
    name: what to call it on screen and in messages; the file's own name otherwise. A scan gets neither of them, as
    they may name a patient.
    Raises ImageError, in one sentence, for whatever is not such a picture within `limits`.
    """
    if isinstance(source, Image.Image):
        own_name, label = Path(getattr(source, "filename", "")).name, label_of(name)
        pixels, notes = _pixels(source, label, limits, None)
    elif isinstance(source, bytes | str | Path):
        own_name = "" if isinstance(source, bytes) else Path(source).name
        told = name if isinstance(source, bytes) else name or str(source)
        label = label_of(None if is_scan_name(told) else told)
        data = source if isinstance(source, bytes) else _file_bytes(source, label, limits)
        if scan_format(data):
            from xai_core.images.scans.open import middle_slice_of  # a third of a second, which photographs do without

            check_bytes(len(data), "The scan", limits)
            return middle_slice_of(data, limits)
        pixels, notes = _decode(data, label, limits)
    else:
        given = type(source).__name__
        raise ImageError(f"A picture cannot be read from {given}; give a path, the file's bytes or a PIL image.")
    return SourceImage(pixels, name or own_name or "picture", "photograph", array_digest(pixels), notes)


def _file_bytes(path: str | Path, label: str, limits: Limits) -> bytes:
    try:
        found = os.stat(path)
        if stat.S_ISDIR(found.st_mode):
            raise ImageError(f"{label} is a folder; give one picture file.")
        if not stat.S_ISREG(found.st_mode):  # a pipe would wait for ever
            raise ImageError(f"{label} is not an ordinary file; give one picture file.")
        check_bytes(found.st_size, label, limits)
        with open(path, "rb") as file:
            return file.read(limits.max_bytes + 1)
    except FileNotFoundError as error:
        raise ImageError(f"{label} does not exist; check the path.") from error
    except (OSError, ValueError) as error:  # ValueError: a path with a zero byte
        raise ImageError(f"{label} cannot be opened; check the path and its permissions.") from error


def _decode(data: bytes, label: str, limits: Limits) -> tuple[np.ndarray, tuple[str, ...]]:
    check_bytes(len(data), label, limits)
    format_ = recognise(data, label)
    if format_ == "JPEG":
        check_jpeg_scans(data, label)
    with decoder_errors_refused(label, limits, format_):
        image = Image.open(BytesIO(data), formats=[format_])
    deep = ";16" in str(image.tile[:1]) and not image.mode.startswith("I")  # Pillow reads 16-bit colours as eight
    pixels, notes = _pixels(image, label, limits, format_)
    if deep:
        notes += ("The picture has 16 bits a channel; the upper eight were kept.",)
    if _has_more_frames(image):
        notes += ("The file holds several frames or pages; the first was taken.",)
    return pixels, notes


def _pixels(image: Image.Image, label: str, limits: Limits, format_: str | None) -> tuple[np.ndarray, tuple[str, ...]]:
    """uint8 (h, w, 3), C-contiguous and read-only, and what was done to get there."""
    check_size(*image.size, label, limits)
    with decoder_errors_refused(label, limits, format_):
        upright, turned = decode_upright(image)
        rgb, recoloured = rgb_on_white(upright, label)
        pixels = np.asarray(rgb)
    pixels.setflags(write=False)
    return pixels, (*turned, *recoloured)


def _has_more_frames(image: Image.Image) -> bool:
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:  # the second frame is damaged, the first one was read
        return True


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
    except Exception:  # a decoder raises anything over damaged data
        return _UNREADABLE
    return value if isinstance(value, int) and value in _TURNS else _UPRIGHT
