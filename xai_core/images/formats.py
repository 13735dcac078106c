"""Which format a file has, told by its first bytes and never by its name."""

from __future__ import annotations

import re

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
