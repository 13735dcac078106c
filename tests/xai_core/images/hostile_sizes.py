"""Small files that claim, or really unfold to, far more than they may."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

from tests.xai_core.images.image_bytes import NOISE, chunk, encoded, grey_tiff, header, png, rows, valid_files


def oversized() -> Iterator[tuple[str, bytes]]:
    """(file name, content)"""
    for width, height in ((100_000, 100_000), (2**31 - 1, 2**31 - 1), (9_000, 9_000), (12_000, 12_000), (2**32 - 1, 1)):
        yield f"claims-{width}x{height}.png", png(header(width, height), rows(4, bytes(30)))
        yield f"claims-{width}x{height}.bmp", _claiming_bmp(width, height)
        yield f"claims-{width}x{height}.tif", grey_tiff(np.zeros((8, 8), np.uint8), t256=width, t257=height)
    yield "claims.gif", _claiming_gif(65_535, 65_535)
    yield "claims-frame.gif", _claiming_gif(1, 1, frame=(65_535, 65_535))
    yield "claims.jpg", _claiming_jpeg(65_500, 65_500)
    yield "claims-12000.jpg", _claiming_jpeg(12_000, 12_000)
    yield "claims-lossless.webp", _webp(b"VP8L", b"\x2f" + struct.pack("<I", 2**28 - 1) + bytes(40))
    yield "claims-lossy.webp", _webp(b"VP8 ", b"\x10\0\0\x9d\x01\x2a\xff\x3f\xff\x3f" + bytes(40))
    yield "claims-canvas.webp", _webp(b"VP8X", b"\2\0\0\0" + b"\xff" * 6)
    yield "claims-frames.webp", _animated_webp(9_000)
    yield from _slivers()
    yield from _bombs()


def _claiming_bmp(width: int, height: int) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, width & 0x7FFFFFFF, height & 0x7FFFFFFF, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 154, 0, 0, 54) + head + bytes(100)


def _claiming_gif(width: int, height: int, frame: tuple[int, int] | None = None) -> bytes:
    screen = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    return screen + b"," + struct.pack("<HHHHB", 0, 0, *(frame or (width, height)), 0) + b"\x02\x02\x4c\x01\0;"


def _claiming_jpeg(width: int, height: int) -> bytes:
    data = valid_files()["baseline.jpg"]
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def _webp(kind: bytes, body: bytes) -> bytes:
    part = kind + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(part)) + b"WEBP" + part


def _animated_webp(side: int) -> bytes:
    """Two real frames of 31 x 20 pixels on a canvas that is said to be huge."""
    data = encoded(NOISE, "WEBP", save_all=True, append_images=[Image.fromarray(255 - NOISE)])
    at = data.index(b"VP8X") + 12
    return data[:at] + struct.pack("<I", side - 1)[:3] * 2 + data[at + 6 :]


def _slivers() -> Iterator[tuple[str, bytes]]:
    """Pictures that are valid and too thin or too small to show anything."""
    for width, height in ((1, 1), (7, 7), (1, 60_000), (60_000, 1)):
        for format_ in ("PNG", "TIFF", "BMP", "GIF", "JPEG"):
            yield f"sliver-{width}x{height}.{format_.lower()}", encoded(Image.new("L", (width, height)), format_)
    for width, height in ((0, 9), (9, 0), (0, 0)):
        yield f"none-{width}x{height}.png", png(header(width, height), rows(4, bytes(30)))
        yield f"none-{width}x{height}.tif", grey_tiff(np.zeros((8, 8), np.uint8), t256=width, t257=height)
        yield f"none-{width}x{height}.gif", _claiming_gif(width, height)


def _bombs() -> Iterator[tuple[str, bytes]]:
    """Honest about their size, or not, but with content that swells or takes for ever."""
    yield "bomb-pixels.png", png(header(20_000, 20_000, 1, 0), rows(20_000, bytes(2_500)))
    yield "bomb-profile.png", png(header(9, 9), chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(20_000_000), 9)))
    swollen = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(30_000_000), 9))
    yield "bomb-text.png", png(header(9, 9), swollen, rows(9, bytes(27)))
    yield "bomb-texts.png", png(header(9, 9), swollen * 40, rows(9, bytes(27)))
    long = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b"tiff:Orientation=" * 300_000)
    yield "bomb-xmp.png", png(header(9, 9), long, rows(9, bytes(27)))
    yield "bomb-deflate.tif", grey_tiff(np.zeros((8, 8), np.uint8), t256=60_000, t257=60_000, t259=8)
    progressive = encoded(Image.new("L", (3_000, 3_000), 128), "JPEG", progressive=True, quality=40)
    last_scan = progressive[progressive.rindex(b"\xff\xda") : -2]
    yield "bomb-scans.jpg", progressive[:-2] + last_scan * 2_000 + progressive[-2:]
    yield "bomb-frames.gif", _claiming_gif(20, 20)[:-1] + _claiming_gif(1, 1, (65_535, 65_535))[19:-1] * 2_000 + b";"
    yield "bomb-frames.png", png(header(9, 9), chunk(b"acTL", struct.pack(">II", 2**31, 0)), rows(9, bytes(27)))
