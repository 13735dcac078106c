"""Files of the right kind with contents that no sound encoder writes."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

from tests.xai_core.images.image_bytes import (
    NOISE,
    chunk,
    encoded,
    exif,
    grey_tiff,
    header,
    jpeg_with,
    png,
    rows,
    tiff,
    valid_files,
)

SMALL = np.arange(90, dtype=np.uint8).reshape(9, 10)


def broken_bodies() -> Iterator[tuple[str, bytes]]:
    """(file name, content)"""
    for name, data in _broken_png().items():
        yield f"{name}.png", data
    for name, data in _broken_tiff().items():
        yield f"{name}.tif", data
    for name, data in _broken_jpeg().items():
        yield f"{name}.jpg", data
    for name, data in _broken_bmp().items():
        yield f"{name}.bmp", data


def readable_oddities() -> Iterator[tuple[str, bytes]]:
    """Strange but sound enough: each of these has one right picture, which must be given."""
    jpeg, cmyk = valid_files()["baseline.jpg"], encoded(Image.new("CMYK", (16, 16), (9, 99, 0, 30)), "TIFF")
    yield "broken-profile.jpg", encoded(NOISE, "JPEG", icc_profile=b"not a profile")
    yield "broken-profile-cmyk.jpg", encoded(Image.new("CMYK", (16, 16)), "JPEG", icc_profile=bytes(500))
    yield "cmyk.tif", cmyk
    yield "exif-orientation-99.jpg", jpeg_with(jpeg, 0xE1, exif(b"\0\x63\0\0"))
    yield "exif-orientation-word.jpg", jpeg_with(jpeg, 0xE1, exif(b"six\0", type_=2))
    yield "exif-recursive.jpg", jpeg_with(jpeg, 0xE1, exif(b"\0\1\0\0", next_directory=8))
    yield "exif-truncated.jpg", jpeg_with(jpeg, 0xE1, exif(b"\0\6\0\0")[:21])
    yield "exif-rubbish.jpg", jpeg_with(jpeg, 0xE1, b"Exif\0\0" + b"\xff" * 40)
    yield "cyclic-directory.tif", _relinked(8)
    yield "missing-next-directory.tif", _relinked(2**31)
    yield "padded.png", valid_files()["plain.png"] + bytes(5000)
    yield "comment.gif", valid_files()["plain.gif"][:-1] + b"!\xfe\x02hi\0;"


def _relinked(next_directory: int) -> bytes:
    data = grey_tiff(SMALL)
    at = 8 + 2 + 12 * 10
    return data[:at] + struct.pack("<I", next_directory) + data[at + 4 :]


def _broken_png() -> dict[str, bytes]:
    size, body, palette = header(9, 9), rows(9, bytes(27)), header(9, 9, 8, 3)
    return {
        "no-data": png(size),
        "no-header": png(body),
        "header-late": png(body, size),
        "header-sum": png(chunk(b"IHDR", size[8:-4], right_sum=False), body),
        "header-short": png(chunk(b"IHDR", size[8:14]), body),
        "data-sum": png(size, chunk(b"IDAT", body[8:-4], right_sum=False)),
        "data-short": png(size, rows(4, bytes(27))),
        "data-rubbish": png(size, chunk(b"IDAT", b"\x78\x9c" + b"rubbish" * 9)),
        "data-filter": png(size, chunk(b"IDAT", zlib.compress(b"\x09" * 252))),
        "depth-3": png(header(9, 9, 3, 0), body),
        "depth-0": png(header(9, 9, 0, 2), body),
        "colour-5": png(header(9, 9, 8, 5), body),
        "compression-7": png(header(9, 9, 8, 2, 7, 0, 0), body),
        "no-palette-data": png(palette, chunk(b"PLTE", bytes(6))),
        "chunk-length": png(size, b"\xff\xff\xff\xffIDAT"),
        "chunk-name": png(size, chunk(b"\0\1\2\3", b""), chunk(b"IDAT", b"")),
        "animation-only": png(size, chunk(b"acTL", bytes(8)), chunk(b"fcTL", bytes(9))),
    }


def _broken_tiff() -> dict[str, bytes]:
    changes: dict[str, dict[str, int | None]] = {
        "bits-3": {"t258": 3},
        "bits-64": {"t258": 64},
        "bits-0": {"t258": 0},
        "samples-0": {"t277": 0},
        "samples-65535": {"t277": 65_535},
        "rows-per-strip-0": {"t278": 0, "t257": 900},
        "strip-outside": {"t273": 2**31},
        "compression-odd": {"t259": 65_000},
        "compression-jpeg": {"t259": 7},
        "compression-lzw": {"t259": 5},
        "compression-deflate": {"t259": 8},
        "compression-fax": {"t259": 4, "t258": 1},
        "compression-zstd": {"t259": 50_000},
        "photometric-odd": {"t262": 77},
        "sample-format-odd": {"t339": 9},
        "complex-numbers": {"t339": 6, "t258": 64},
        "no-width": {"t256": None},
        "no-height": {"t257": None},
        "no-strips": {"t273": None},
        "tile-huge": {"t322": 2**31, "t323": 2**31, "t324": 8, "t325": 64, "t273": None, "t259": 8},
    }
    floats = np.linspace(0, 1, 90, dtype=np.float32).reshape(9, 10)
    return {name: grey_tiff(SMALL, **change) for name, change in changes.items()} | {
        "nan": grey_tiff(np.where(floats > 0.5, np.float32("nan"), floats)),
        "inf": grey_tiff(np.where(floats > 0.5, np.float32("inf"), floats)),
        "minus-inf": grey_tiff(np.where(floats > 0.5, np.float32("-inf"), floats), ">"),
        "directory-outside": b"II*\0" + struct.pack("<I", 2**32 - 1) + bytes(50),
        "directory-at-0": b"II*\0" + bytes(60),
        "directory-in-header": b"II*\0" + struct.pack("<I", 2) + bytes(60),
        "directory-endless": b"II*\0\x08\0\0\0\xff\xff" + bytes(range(256)) * 9,
        "count-absurd": tiff([(256, 4, 2**32 - 1, bytes(4)), (273, 4, 2**32 - 1, b"\x08\0\0\0")]),
        "count-of-doubles": tiff([(256, 12, 2**31, b"\x08\0\0\0"), (257, 4, 1, b"\x08\0\0\0")]),
        "big-count": b"II\x2b\0\x08\0\0\0" + struct.pack("<QQ", 16, 2**63) + bytes(range(256)) * 9,
        "no-tags": tiff([]),
    }


def _broken_jpeg() -> dict[str, bytes]:
    data = valid_files()["baseline.jpg"]
    frame, tables, scan = (data.index(mark) for mark in (b"\xff\xc0", b"\xff\xc4", b"\xff\xda"))

    def at(position: int, *values: int) -> bytes:
        return data[:position] + bytes(values) + data[position + len(values) :]

    return {
        "no-frame": data[:frame] + data[tables:],
        "no-huffman": data[:tables] + data[scan:],
        "no-scan": data[:scan] + b"\xff\xd9",
        "only-end": b"\xff\xd8\xff\xd9",
        "precision-13": at(frame + 4, 13),
        "components-0": at(frame + 9, 0),
        "components-255": at(frame + 9, 255),
        "sampling-0": at(frame + 11, 0),
        "sampling-15": at(frame + 11, 0xFF),
        "quantiser-9": at(frame + 12, 9),
        "height-0": at(frame + 5, 0, 0),
        "width-0": at(frame + 7, 0, 0),
        "lossless-frame": at(frame + 1, 0xC3),
        "hierarchical-frame": at(frame + 1, 0xC5),
        "segment-length-0": at(4, 0, 0),
        "segment-length-1": at(4, 0, 1),
        "segment-length-65535": at(4, 255, 255),
        "huffman-rubbish": at(tables + 4, *[255] * 17),
        "two-frames": data[:tables] + data[frame:],
        "two-starts": data[:2] + data,
    }


def _broken_bmp() -> dict[str, bytes]:
    data = valid_files()["plain.bmp"]

    def at(position: int, form: str, value: int) -> bytes:
        packed = struct.pack(form, value)
        return data[:position] + packed + data[position + len(packed) :]

    return {
        "bmp-bits-0": at(28, "<H", 0),
        "bmp-bits-7": at(28, "<H", 7),
        "bmp-compression-9": at(30, "<I", 9),
        "bmp-compression-jpeg": at(30, "<I", 4),
        "bmp-rle-24": at(30, "<I", 1),
        "bmp-header-41": at(14, "<I", 41),
        "bmp-offset": at(10, "<I", 2**31),
        "bmp-height-negative": at(22, "<i", -(2**31)),
        "bmp-palette-huge": at(46, "<I", 2**31),
    }
