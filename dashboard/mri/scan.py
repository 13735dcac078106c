"""What is looked at: a volume, or single pictures of slices, asked for in the same way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from PIL import Image

from xai_core.images.scans import (
    Edges,
    Plane,
    Volume,
    edge_letters,
    planes,
    slice_count,
    slice_image,
    slice_size,
    slice_values,
)
from xai_core.types import SourceImage, Window

NO_LETTERS = Edges("", "", "", "")
PICTURE = "picture"


@dataclass(frozen=True, eq=False)
class Scan:
    """key: for widgets, a number of this visit. volume, or else pictures. files: the DICOM bytes that it came from.

    outline: bool (x, y, z), the truth where a lesion is simulated. start: where to open. remarks: a sentence each.
    hints: those on what there is to find, or what the model finds: a reader who is asked first must not see them.
    """

    key: str
    volume: Volume | None = None
    images: tuple[SourceImage, ...] = ()
    files: tuple[bytes, ...] = ()
    outline: np.ndarray | None = None
    start: tuple[str, int] | None = None
    remarks: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Of all pixels."""
        return self.volume.digest if self.volume is not None else " ".join(p.digest for p in self.images)


@dataclass(frozen=True)
class Place:
    """A slice: its plane ("picture" for single pictures) and its number from 0."""

    plane: str
    index: int

    @property
    def volume_plane(self) -> Plane:
        return cast(Plane, self.plane)


def planes_of(scan: Scan) -> tuple[str, ...]:
    return planes(scan.volume) if scan.volume is not None else (PICTURE,)


def count_of(scan: Scan, plane: str) -> int:
    return len(scan.images) if scan.volume is None else slice_count(scan.volume, cast(Plane, plane))


def slice_of(scan: Scan, place: Place, window: Window | None = None) -> SourceImage:
    """The slice with square pixels; the window changes how it is displayed, never what the model reads."""
    if scan.volume is None:
        image = scan.images[place.index]
        return replace(image, name=f"Picture {place.index + 1} of {len(scan.images)}")
    return slice_image(scan.volume, place.volume_plane, place.index, window)


def slice_pixels(scan: Scan, plane: str, index: int) -> np.ndarray:
    """A slice for display: float32 (h, w) values, or uint8 (h, w, 3) no larger than a screen shows."""
    image = slice_of(scan, Place(plane, index))
    return reduced(image.pixels) if image.kind == "photograph" else image.pixels


def reduced(pixels: np.ndarray, most: int = 1024) -> np.ndarray:
    """uint8 (h, w, 3) whose longer side has at most `most` pixels."""
    image = Image.fromarray(pixels)
    image.thumbnail((most, most), Image.Resampling.LANCZOS)
    return np.asarray(image)


def sizes_of(scan: Scan, plane: str) -> tuple[tuple[int, int], ...]:
    """(height, width) of each picture, or the one of all slices of a volume."""
    if scan.volume is None:
        return tuple(image.size for image in scan.images)
    return (slice_size(scan.volume, cast(Plane, plane)),)


def letters_of(scan: Scan, plane: str) -> Edges:
    return NO_LETTERS if scan.volume is None else edge_letters(scan.volume, cast(Plane, plane))


def truth_of(scan: Scan, place: Place, size: tuple[int, int]) -> np.ndarray | None:
    """The true outline on a slice of `size`: bool (h, w), empty beside the lesion; None where nobody knows it."""
    if scan.volume is None or scan.outline is None:
        return None
    marked = replace(scan.volume, voxels=scan.outline.astype(np.uint8), slope=1.0, intercept=0.0)
    truth = slice_values(marked, place.volume_plane, place.index) > 0.5
    return truth if truth.shape == size else None
