"""Files of other kinds that carry a picture's name."""

from __future__ import annotations

import gzip
import io
import pickle
import zipfile
from collections.abc import Iterator

import numpy as np
from PIL import Image

from tests.xai_core.images.image_bytes import NOISE, encoded


def disguised() -> Iterator[tuple[str, bytes]]:
    """(file name, content)"""
    for number, (kind, data) in enumerate(_others().items()):
        ending = ("png", "jpg", "webp", "tif", "bmp", "gif")[number % 6]
        yield f"really-{kind}.{ending}", data


def _others() -> dict[str, bytes]:
    return _written() | _marked() | _texts()


def _written() -> dict[str, bytes]:
    """Real files of formats that Pillow could decode, were it asked to, and of containers."""
    image, archive, array = Image.fromarray(NOISE), io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(zipfile.ZipInfo("cat.png"), encoded(NOISE, "PNG"))
    np.save(array, NOISE)
    return {
        "ico": encoded(image, "ICO"),
        "eps": encoded(image, "EPS"),
        "pdf": encoded(image, "PDF", creationDate=None, modDate=None),
        "ppm": encoded(image, "PPM"),
        "tga": encoded(image, "TGA"),
        "pcx": encoded(image, "PCX"),
        "sgi": encoded(image, "SGI"),
        "dds": encoded(image, "DDS"),
        "avif": b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + bytes(200),
        "heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200),
        "jp2": b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 " + bytes(200),
        "zip": archive.getvalue(),
        "npy": array.getvalue(),
        "gzip": gzip.compress(encoded(NOISE, "PNG"), mtime=0),
        "pickle": pickle.dumps({"pixels": NOISE}),
    }


def _marked() -> dict[str, bytes]:
    """The first bytes of a kind of file, and then nothing of sense."""
    rest = bytes(range(256)) * 8
    return {
        "psd": b"8BPS\0\1" + rest,
        "xcf": b"gimp xcf v011\0" + rest,
        "wmf": b"\xd7\xcd\xc6\x9a" + rest,
        "fits": b"SIMPLE  =                    T" + b" " * 50 + rest,
        "icns": b"icns" + rest,
        "jxl": b"\0\0\0\x0cJXL \r\n\x87\n" + rest,
        "qoi": b"qoif" + rest,
        "fli": b"\0\x08\0\0\x11\xaf" + rest,
        "dicom": bytes(128) + b"DICM" + rest,
        "nifti": b"\x5c\1\0\0" + bytes(340) + b"n+1\0" + rest,
        "wav": b"RIFF\x40\x08\0\0WAVEfmt " + rest,
        "mp4": b"\0\0\0\x18ftypisom\0\0\2\0" + rest,
        "elf": b"\x7fELF\2\1\1" + rest,
        "exe": b"MZ\x90\0" + rest,
        "sqlite": b"SQLite format 3\0" + rest,
        "hdf5": b"\x89HDF\r\n\x1a\n" + rest,
        "torch": b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19." + rest,
        "os2-icon": b"BA\x28\0\0\0" + rest,
    }


def _texts() -> dict[str, bytes]:
    bomb = "".join(f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefg", "bcdefgh", strict=True))
    return {
        "svg": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "svg-bare": b'<svg width="99" height="99"><image href="file:///etc/passwd"/></svg>',
        "xml-bomb": f'<!DOCTYPE b [<!ENTITY a "ha">{bomb}]><b>&h;</b>'.encode(),
        "svg-maze": b"<!" * 500,
        "html": b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
        "php": b"GIF89<?php system($_GET['c']); ?>",
        "python": b"__import__('os').system('id')\n" * 20,
        "postscript": b"%!PS-Adobe-3.0\n(/etc/passwd) (r) file\n",
        "text": b"BMW builds cars.\n" * 30,
        "json": b'{"format": "PNG"}' * 10,
        "csv": b"file,x_center,y_center\n" * 20,
        "base64": b"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUA",
        "path": b"/etc/passwd",
        "unicode": "Катя.png ☃ \u202egpj".encode("utf-16"),
        "xpm": b'/* XPM */\nstatic char * a[] = {"9 9 1 1", "a c #fff"};\n' * 4,
        "xbm": b"#define a_width 16\n#define a_height 16\nstatic char a_bits[] = {0};\n",
    }
