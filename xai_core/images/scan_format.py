"""Which scan format a file has, told by its first bytes and never by its name."""

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from xai_core.errors import ImageError

_VR = rb"(?:A[EST]|CS|D[AST]|F[DL]|I[ST]|L[OT]|O[BW]|PN|S[HLQST]|TM|U[CILNRST])"
_DICOM = re.compile(
    rb".{128}DICM"
    rb"|[\x02\x08]\x00.\x00(?:" + _VR + rb"|.{2}\x00\x00)"  # without the preamble: group 2 or 8, little endian
    rb"|\x00[\x02\x08]\x00." + _VR,
    re.DOTALL,
)
_NIFTI = re.compile(
    rb"(?:\x5c\x01\x00\x00|\x00\x00\x01\x5c).{340}n[+i]1\x00|(?:\x1c\x02\x00\x00|\x00\x00\x02\x1c)n[+i]2\x00", re.DOTALL
)
_TWO_FILES = (b"ni1\x00", b"ni2\x00")
_GZIP = b"\x1f\x8b"
_ENCRYPTED = re.compile(rb"\x30[\x80-\x84].{0,4}\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03", re.DOTALL)  # RFC 5652
_HEAD = 1024  # the longest mark ends at byte 348


@dataclass(frozen=True)
class ScanFormat:
    """name: on screen; `scans.open.READERS` has its reader. fits: whether a file has it, by its first bytes.

    endings: of such files' names, in lower case. in_study: whether an export can belong to the study of such files.
    """

    name: str
    endings: tuple[str, ...]
    fits: Callable[[bytes], bool]
    in_study: bool = False


def scan_format(data: bytes) -> ScanFormat | None:
    """The format of a scan (gzipped too), or None for anything else."""
    return next((format_ for format_ in FORMATS if format_.fits(data)), None)


def refuse_other(data: bytes, label: str) -> NoReturn:
    """Raise the ImageError that says why a file which is no scan cannot be read as one."""
    if not data:
        raise ImageError(f"{label} is empty; give a DICOM or NIfTI file.")
    if _ENCRYPTED.match(data[:64]):
        raise ImageError(f"{label} is encrypted; decrypt it first, where it was made.")
    if not data[: 64 * _HEAD].strip(b"\x00"):
        raise ImageError(f"{label} begins with zeros only, as an interrupted copy does; copy it again.")
    raise ImageError(f"{label} is not a scan that can be read; give DICOM or NIfTI files, or a zip of them.")


def is_two_files(header: bytes) -> bool:
    """Whether a NIfTI header (unpacked) says that its voxels lie in another file."""
    return header[344:348] in _TWO_FILES or header[4:8] in _TWO_FILES


def unzipped_head(data: bytes) -> bytes:
    """The first bytes of a file, unpacked where it is gzipped; empty where that fails."""
    if not data.startswith(_GZIP):
        return data[:_HEAD]
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data, _HEAD)
    except zlib.error:
        return b""


def is_scan_name(name: str | None) -> bool:
    """Whether a file's name is that of a scan, and so may name a patient: no message repeats it."""
    return bool(name) and str(name).lower().endswith(tuple(ending for one in FORMATS for ending in one.endings))


FORMATS: tuple[ScanFormat, ...] = (
    ScanFormat(
        "NIfTI",
        (".nii", ".nii.gz", ".hdr", ".img"),
        lambda data: _NIFTI.match(unzipped_head(data[: 64 * _HEAD])) is not None,
    ),
    ScanFormat("DICOM", (".dcm", ".dicom", ".ima"), lambda data: _DICOM.match(data[:_HEAD]) is not None, in_study=True),
)
