"""One entry of a zip, unpacked in memory."""

import zipfile

from xai_core.errors import ImageError

MARKS = (b"PK\x03\x04", b"PK\x05\x06")  # a first entry, or the end of a zip without any
_ENTRY = b"PK\x01\x02"  # begins each line of the directory at a zip's end
_READ_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others may ask for gigabytes before the first byte
_ENCRYPTED = 0x1


def is_zip(start: bytes) -> bool:
    """Whether a file that begins so is a zip; its name does not count."""
    return start.startswith(MARKS)


def entries(data: bytes) -> int:
    """How many entries a zip has at most, before Python makes an object of each."""
    return data.count(_ENTRY)


def unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, label: str, most: int) -> bytes:
    """The entry's bytes, one more than `most` at the most. ImageError: encrypted, damaged, or of a rare compression."""
    if info.flag_bits & _ENCRYPTED:
        raise ImageError(f"{label} is encrypted; make the zip again without a password.")
    if info.compress_type not in _READ_METHODS:
        raise ImageError(f"{label} is compressed in a way that is not read; make an ordinary zip (deflate).")
    try:
        with archive.open(info) as file:
            return file.read(most + 1)
    except Exception as error:  # damaged data makes it raise anything
        raise ImageError(f"{label} is damaged within its zip; make the zip again.") from error
