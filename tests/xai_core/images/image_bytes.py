"""Small pictures written byte by byte or by Pillow's encoders, as raw material for the tests."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import numpy as np
from PIL import Image

NOISE = np.random.default_rng(7).integers(0, 256, (20, 31, 3), dtype=np.uint8)
PNG_MAGIC = b"\x89PNG\r\n\x1a\n"


def encoded(image: Image.Image | np.ndarray, format_: str, **options: object) -> bytes:
    """The picture in one of Pillow's formats."""
    image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    buffer = BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def valid_files() -> dict[str, bytes]:
    """The same small noise in each format that is read; the key ends like a file name."""
    return {
        "plain.png": encoded(NOISE, "PNG"),
        "baseline.jpg": encoded(NOISE, "JPEG"),
        "progressive.jpg": encoded(NOISE, "JPEG", progressive=True),
        "lossy.webp": encoded(NOISE, "WEBP", quality=80),
        "lossless.webp": encoded(NOISE, "WEBP", lossless=True),
        "raw.tif": encoded(NOISE, "TIFF"),
        "lzw.tif": encoded(NOISE, "TIFF", compression="tiff_lzw"),
        "plain.bmp": encoded(NOISE, "BMP"),
        "plain.gif": encoded(NOISE, "GIF"),
    }


def chunk(kind: bytes, body: bytes, *, right_sum: bool = True) -> bytes:
    """One chunk of a PNG file."""
    check = zlib.crc32(kind + body) ^ (not right_sum)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)


def header(width: int, height: int, depth: int = 8, colour: int = 2, *rest: int) -> bytes:
    """IHDR of a PNG file; colour: 0 grey, 2 RGB, 3 palette, 4 grey + alpha, 6 RGBA."""
    return chunk(b"IHDR", struct.pack(">IIBB", width, height, depth, colour) + bytes(rest or (0, 0, 0)))


def rows(height: int, row: bytes) -> bytes:
    """IDAT of a PNG file whose rows are all the same and unfiltered."""
    return chunk(b"IDAT", zlib.compress((b"\0" + row) * height, 9))


def png(*chunks: bytes) -> bytes:
    return PNG_MAGIC + b"".join(chunks) + chunk(b"IEND", b"")


def tiff(
    entries: list[tuple[int, int, int, bytes]], strip: bytes = b"", order: str = "<", next_directory: int = 0
) -> bytes:
    """A TIFF file of one directory; an entry is (tag, type, count, four bytes of value), the strip lies at the end."""
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    body = b"".join(struct.pack(order + "HHI", *entry[:3]) + entry[3] for entry in entries)
    return start + struct.pack(order + "H", len(entries)) + body + struct.pack(order + "I", next_directory) + strip


def grey_tiff(values: np.ndarray, order: str = "<", **changes: int | None) -> bytes:
    """An uncompressed grey TIFF of `values` (h, w), tags (t256, t258, ...) changed, or left out by None."""
    sample = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    strip = values.astype(values.dtype.newbyteorder(order)).tobytes()
    tags: dict[int, int | None] = {
        256: values.shape[1],
        257: values.shape[0],
        258: values.dtype.itemsize * 8,
        259: 1,
        262: 1,
        273: 0,
        277: 1,
        278: values.shape[0],
        279: len(strip),
        339: sample,
    }
    tags |= {int(name[1:]): value for name, value in changes.items()}
    kept = {tag: value for tag, value in sorted(tags.items()) if value is not None}
    if kept.get(273) == 0:
        kept[273] = 8 + 2 + 12 * len(kept) + 4
    entries = [(tag, 4, 1, struct.pack(order + "I", value)) for tag, value in kept.items()]
    return tiff(entries, strip, order)


def jpeg_with(data: bytes, marker: int, body: bytes) -> bytes:
    """A JPEG file with one more segment right after its start."""
    return data[:2] + bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body + data[2:]


def exif(orientation: bytes, type_: int = 3, next_directory: int = 0) -> bytes:
    """EXIF data, big-endian, of one directory that holds just the orientation: its four bytes of value."""
    directory = struct.pack(">HHHI", 1, 274, type_, 1) + orientation + struct.pack(">I", next_directory)
    return b"Exif\0\0MM\0*\0\0\0\x08" + directory
