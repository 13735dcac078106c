"""Siemens mosaics: many slices as tiles of one picture, taken apart by what the scanner's own header says of them.

The header (CSA, version 2) is not published by its maker; its form and the place of the first tile are those that
dcm2niix and nibabel.nicom document.
"""

import struct
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from pydicom.dataset import Dataset

from xai_core.errors import ImageError
from xai_core.images.scans.dicom_file import frames_of
from xai_core.images.scans.elements import number, words

_MOSAIC = "MOSAIC"  # Siemens' word in the image type
_OWNER, _GROUP, _HEADER = "SIEMENS CSA HEADER", 0x29, 0x10
_MOST_ENTRIES, _MOST_TILES = 1000, 4096
_PARALLEL = 1e-3  # how far the header's normal may lean from that of the picture


def is_mosaic(dataset: Dataset) -> bool:
    return _MOSAIC in words(dataset, "ImageType") and frames_of(dataset) == 1


@dataclass(frozen=True, eq=False)
class Tile:
    """A slice of a mosaic. position: of its first voxel, LPS millimetres. area: its rows and columns in the mosaic."""

    position: np.ndarray
    area: tuple[slice, slice]

    @property
    def size(self) -> tuple[int, int]:
        rows, columns = self.area
        return rows.stop - rows.start, columns.stop - columns.start


def tiles(
    dataset: Dataset,
    position: np.ndarray | None,
    orientation: np.ndarray | None,
    spacing_mm: tuple[float, float] | None,
    label: str,
) -> list[Tile]:
    """The slices of a mosaic. ImageError: the file does not say how many, where, or which way they follow.

    The tiles fill a square row by row. The file's position is that of the corner of a slice as large as the mosaic
    around the first tile's middle. They follow one another along the header's normal, by the spacing between slices.
    """
    header = _header(dataset)
    count = _whole(header.get("NumberOfImagesInMosaic", []))
    stated = _numbers(header.get("SliceNormalVector", []))
    step = number(dataset, "SpacingBetweenSlices") or 0.0
    if not 1 <= count <= _MOST_TILES or len(stated) != 3 or step <= 0:
        _refuse(label, "only its maker's private elements say where they lie, which this file lacks")
    side = int(np.ceil(np.sqrt(count)))
    whole = np.array([dataset.Rows, dataset.Columns])
    if position is None or orientation is None or spacing_mm is None or (whole % side).any():
        _refuse(label, "it does not say where they lie, or does not fall into so many")
    normal = np.cross(*orientation)
    along = float(normal @ stated)
    if abs(abs(along) - 1) > _PARALLEL:
        _refuse(label, "its maker's private elements contradict its orientation")
    rows, columns = (whole // side).tolist()
    corner = (whole - whole // side) / 2 * spacing_mm  # down and to the right, from that of the mosaic
    first = position + corner[1] * orientation[0] + corner[0] * orientation[1]
    step_along = np.sign(along) * step * normal
    return [
        Tile(
            first + index * step_along,
            (slice(down * rows, (down + 1) * rows), slice(right * columns, (right + 1) * columns)),
        )
        for index, (down, right) in ((index, divmod(index, side)) for index in range(count))
    ]


def _refuse(label: str, reason: str) -> NoReturn:
    raise ImageError(
        f"{label} is a mosaic, many slices as tiles of one picture, and {reason}; convert it by dcm2niix where it was "
        "made, or export it as Enhanced MR, and open that."
    )


def _header(dataset: Dataset) -> dict[str, list[str]]:
    """{name: its values as text}; empty where there is no such header, or one of another version."""
    try:
        data = bytes(dataset.private_block(_GROUP, _OWNER)[_HEADER].value)
        return _entries(data)
    except (KeyError, TypeError, ValueError, struct.error):
        return {}


def _entries(data: bytes) -> dict[str, list[str]]:
    """ValueError, struct.error: no such header, or cut off. Each entry is read once, and none goes back."""
    if data[:4] != b"SV10":
        raise ValueError
    (count,) = struct.unpack_from("<I", data, 8)
    found: dict[str, list[str]] = {}
    at = 16
    for _ in range(min(count, _MOST_ENTRIES)):
        name, _multiplicity, _kind, _syngo, items = struct.unpack_from("<64si4s2i", data, at)
        at += 84
        values = []
        for _ in range(items):
            length = struct.unpack_from("<4i", data, at)[1]
            if length < 0:
                raise ValueError
            at += 16
            values.append(_text(data[at : at + length]))
            at += -(-length // 4) * 4
        found[_text(name)] = [value for value in values if value]
    return found


def _text(data: bytes) -> str:
    return data.split(b"\0", 1)[0].decode("latin-1").strip()


def _whole(values: list[str]) -> int:
    return int(values[0]) if len(values) == 1 and values[0].isdecimal() and len(values[0]) < 6 else 0


def _numbers(values: list[str]) -> np.ndarray:
    try:
        found = np.array([float(value) for value in values])
    except ValueError:
        return np.empty(0)
    return found if np.isfinite(found).all() else np.empty(0)
