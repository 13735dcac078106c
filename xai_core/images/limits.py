"""How large a picture may be, checked before anything is decoded."""

from __future__ import annotations

import re
from dataclasses import dataclass

from xai_core.errors import ImageError
from xai_core.images.formats import ALLOWED


@dataclass(frozen=True)
class Limits:
    """max_bytes: of the file. max_pixels: width x height (Pillow itself stops at 178 million). min_side: in pixels."""

    max_bytes: int = 50_000_000
    max_pixels: int = 60_000_000
    min_side: int = 8


DEFAULT_LIMITS = Limits()

# Real files have about ten. Each scan of an almost empty one costs 75 bytes and a pass over the whole picture, so that
# 50 MB would decode for hours: https://libjpeg-turbo.org/pmwiki/uploads/About/TwoIssueswiththeJPEGStandard.pdf
MAX_JPEG_SCANS = 100
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_MARKER = re.compile(rb"\xff([\x02-\xcf\xd8-\xfe])")  # all that carry a length, and the end of the image


def check_bytes(count: int, label: str, limits: Limits) -> None:
    """Raise ImageError for an empty file and for one above the limit."""
    if count == 0:
        raise ImageError(f"{label} is empty; give a {ALLOWED} file.")
    if count > limits.max_bytes:
        given, most = _millions(count), _millions(limits.max_bytes)
        raise ImageError(f"{label} has {given} MB; at most {most} MB are read, so scale or compress it first.")


def check_size(width: int, height: int, label: str, limits: Limits) -> None:
    """Raise ImageError for too many pixels and for a side that is too short to show anything."""
    if width * height > limits.max_pixels:
        raise ImageError(too_many_pixels(label, limits, f"{width} x {height}"))
    if min(width, height) < limits.min_side:
        raise ImageError(
            f"{label} has {width} x {height} pixels; each side needs at least {limits.min_side}, so give a larger one."
        )


def too_many_pixels(label: str, limits: Limits, given: str = "too many") -> str:
    most = _millions(limits.max_pixels)
    return f"{label} has {given} pixels; at most {most} million are read, so scale it down first."


def check_jpeg_scans(data: bytes, label: str) -> None:
    """Raise ImageError for a JPEG file that asks for far more passes over the picture than any camera writes."""
    at, scans = 2, 0
    while scans <= MAX_JPEG_SCANS and (found := _MARKER.search(data, at)) and found[1][0] != _END_OF_IMAGE:
        scans += found[1][0] == _START_OF_SCAN
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")
    if scans > MAX_JPEG_SCANS:
        raise ImageError(
            f"{label} has more than {MAX_JPEG_SCANS} JPEG scans; save it again as an ordinary JPEG or PNG."
        )


def _millions(count: int) -> str:
    return f"{count / 1e6:.3f}".rstrip("0").rstrip(".")
