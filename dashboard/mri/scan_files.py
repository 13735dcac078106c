"""Taking files in: DICOM, NIfTI or pictures, one, many or a zip, told by their content. No name is kept."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

import xai_core as xai
from xai_core.errors import ImageError
from xai_core.images.scan_format import scan_format
from xai_core.images.scans import Series, open_scans
from xai_core.images.scans.files import contents
from xai_core.images.scans.limits import DEFAULT_SCAN_LIMITS
from xai_core.types import ProgressCallback, SourceImage

MOST_PICTURES = 400
_UNREADABLE = "A file is neither a scan nor a picture that can be read; give DICOM, NIfTI, PNG or JPEG files, or a zip."


@dataclass(frozen=True, eq=False)
class Opened:
    """What the visitor's files hold. number: of this visit. files: those into whose study an export can go."""

    number: int
    series: tuple[Series, ...]
    images: tuple[SourceImage, ...]
    files: tuple[bytes, ...]
    left_out: tuple[str, ...]


def open_files(files: Sequence[bytes], number: int, on_progress: ProgressCallback) -> Opened:
    """Everything in the files that can be shown; ImageError, one sentence, where there is nothing."""
    scans, images, refused = _sorted(files)
    series: tuple[Series, ...] = ()
    if scans:
        try:
            found = open_scans(scans, on_progress=lambda done, _total: on_progress(min(done, len(scans)), len(scans)))
            series, refused = found.series, [*found.left_out, *refused]
        except ImageError as error:
            refused.insert(0, str(error))
    if not series and not images:
        raise ImageError(
            refused[0] if refused else "No file was given; give DICOM, NIfTI, PNG or JPEG files, or a zip."
        )
    in_study = tuple(data for data in scans if (kind := scan_format(data)) and kind.in_study)
    return Opened(number, series, tuple(images), in_study, tuple(dict.fromkeys(refused)))


def _sorted(files: Sequence[bytes]) -> tuple[list[bytes], list[SourceImage], list[str]]:
    """The scans, the pictures, and a sentence for each of the others."""
    scans: list[bytes] = []
    images: list[SourceImage] = []
    refused: list[str] = []
    for data in contents(files, DEFAULT_SCAN_LIMITS):
        if isinstance(data, ImageError):
            refused.append(str(data))
        elif scan_format(data) is not None or _may_be_scan(data):
            scans.append(data)
        elif len(images) < MOST_PICTURES:
            try:
                images.append(xai.load_image(data, name="A picture"))
            except ImageError as error:
                refused.append(_UNREADABLE if "is not a picture" in str(error) else str(error))
        else:
            refused.append(f"More than {MOST_PICTURES} pictures were given; the first {MOST_PICTURES} are shown.")
    return scans, images, refused


def _may_be_scan(data: bytes) -> bool:
    """Files that only the reader of scans can refuse with the right words: empty, zero-filled, encrypted."""
    return not data or not np.frombuffer(data[:65536], np.uint8).any() or data[:1] == b"\x30"
