"""What is checked before anything is decoded: a file's format by its first bytes, never by its name, and its size."""

import re
from dataclasses import dataclass

from xai_core.errors import ImageError

# Pillow's names of the decoders that may run. BMP's own mark is two letters, so its header's size must fit as well.
READ = {
    "PNG": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "JPEG": re.compile(rb"\xff\xd8\xff"),
    "WEBP": re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
    "TIFF": re.compile(rb"II[\x2a\x2b]\x00|MM\x00[\x2a\x2b]"),
    "BMP": re.compile(rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\x00\x00\x00", re.DOTALL),
    "GIF": re.compile(rb"GIF8[79]a"),
}
ALLOWED = "PNG, JPEG, WebP, TIFF, BMP or GIF"

# What people drop in by mistake and should be told by name.
_NOT_READ = {
    "a HEIC picture": re.compile(rb".{4}ftyp(?:hei[cmsx]|hev[cmsx]|mif1|msf1)", re.DOTALL),
    "an AVIF picture": re.compile(rb".{4}ftypavi[fs]", re.DOTALL),
    "a JPEG 2000 picture": re.compile(rb"\x00\x00\x00\x0cjP  |\xff\x4f\xff\x51"),
    "a Photoshop document": re.compile(rb"8BPS"),
    "a PDF document": re.compile(rb"%PDF-"),
    "a web page": re.compile(rb"\s*<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE),
    "an SVG drawing": re.compile(rb"\s*<(?:svg[\s>]|(?:\?xml|!).*?<svg[\s>])", re.DOTALL | re.IGNORECASE),
    "a ZIP archive": re.compile(rb"PK\x03\x04"),
}


# Real files have about ten. Each scan of an almost empty one costs 75 bytes and a pass over the whole picture, so that
# 50 MB would decode for hours: https://libjpeg-turbo.org/pmwiki/uploads/About/TwoIssueswiththeJPEGStandard.pdf
MAX_JPEG_SCANS = 100
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_MARKER = re.compile(rb"\xff([\x02-\xcf\xd8-\xfe])")  # all that carry a length, and the end of the image


def recognise(data: bytes, label: str) -> str:
    """Pillow's name of the format of `data`; raises ImageError, naming the allowed formats, for anything else."""
    start = data[:1024]
    for format_, mark in READ.items():
        if mark.match(start):
            return format_
    for title, mark in _NOT_READ.items():
        if mark.match(start):
            raise ImageError(f"{label} is {title}, which is not read as a picture; save it as {ALLOWED}.")
    raise ImageError(f"{label} is not a picture that can be read; give a {ALLOWED} file.")


@dataclass(frozen=True)
class Limits:
    """max_bytes: of the file. max_pixels: width x height (Pillow itself stops at 178 million). min_side: in pixels."""

    max_bytes: int = 50_000_000
    max_pixels: int = 60_000_000
    min_side: int = 8


DEFAULT_LIMITS = Limits()


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
