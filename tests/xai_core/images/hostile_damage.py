"""Pictures that were cut short, had bits flipped or lost the start that names their format."""

from __future__ import annotations

from collections.abc import Iterator

from tests.xai_core.images.image_bytes import PNG_MAGIC, valid_files

MAGIC = {
    "png": PNG_MAGIC,
    "jpg": b"\xff\xd8\xff\xe0",
    "gif": b"GIF89a",
    "webp": b"RIFF\x40\0\0\0WEBPVP8 ",
    "tif": b"II*\0\x08\0\0\0",
    "bmp": b"BM\x40\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0",
}


def damaged() -> Iterator[tuple[str, bytes]]:
    """(file name, content)"""
    yield "nothing.png", b""
    yield "zeros.jpg", bytes(5000)
    yield "ones.tif", b"\xff" * 5000
    for name, data in valid_files().items():
        yield from _cut(name, data)
        yield from _flipped(name, data)
        yield f"headless-{name}", bytes(4) + data[4:]
        yield f"late-{name}", b"\n" + data
    for ending, magic in MAGIC.items():
        yield f"magic-only.{ending}", magic
        yield f"magic-and-zeros.{ending}", magic + bytes(3000)
        yield f"magic-and-ones.{ending}", magic + b"\xff" * 3000
        for name, data in valid_files().items():
            if name.startswith("plain") and not name.endswith(ending):
                yield f"{name.replace('plain.', 'really-')}.{ending}", magic + data[len(magic) :]


def _cut(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    for percent in (2, 10, 30, 50, 75, 95):
        yield f"cut-{percent}-{name}", data[: len(data) * percent // 100]


def _flipped(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    for at in (1, 5, 9, 13, 17, 21, 25):
        yield f"flipped-{at}-{name}", data[:at] + bytes((data[at] ^ 0xA5,)) + data[at + 1 :]
