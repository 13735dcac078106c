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
class Truth:
    """What is known of a slice. outline: bool (h, w), empty beside the lesion; None: nobody drew one.

    diagnosis: what the annotators call the lesion; "" where it was simulated.
    """

    outline: np.ndarray | None
    diagnosis: str = ""


@dataclass(frozen=True, eq=False)
class Scan:
    """key: for widgets, a number of this visit. volume, or else pictures. files: the DICOM bytes that it came from.

    outline: bool (x, y, z), the truth where a lesion is simulated. truths: the truth of each picture, where it is
    known; names: then what each is called. start: where to open. remarks: a sentence each.
    hints: those on what there is to find, or what the model finds: a reader who is asked first must not see them.
    """

    key: str
    volume: Volume | None = None
    images: tuple[SourceImage, ...] = ()
    files: tuple[bytes, ...] = ()
    outline: np.ndarray | None = None
    truths: tuple[Truth, ...] = ()
    names: tuple[str, ...] = ()
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
        image, kind = scan.images[place.index], "Case" if scan.names else "Picture"
        own = f" ({scan.names[place.index]})" if scan.names else ""
        return replace(image, name=f"{kind} {place.index + 1} of {len(scan.images)}{own}")
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


def truth_of(scan: Scan, place: Place, size: tuple[int, int]) -> Truth | None:
    """What is known of a slice of `size`; None where nothing is."""
    if scan.truths:
        return scan.truths[place.index]
    if scan.volume is None or scan.outline is None:
        return None
    outline = _outline_values(scan.volume, scan.outline, place) > 0.5
    return Truth(outline) if outline.shape == size else None


def outlined_slices(scan: Scan, plane: str) -> dict[int, np.ndarray]:
    """The outline in every slice of the plane that shows a known lesion: bool (h, w), by number from 0."""
    if scan.truths:
        return {i: truth.outline for i, truth in enumerate(scan.truths) if truth.outline is not None}
    if scan.volume is None or scan.outline is None:
        return {}
    places = (Place(plane, index) for index in range(count_of(scan, plane)))
    found = {at.index: _outline_values(scan.volume, scan.outline, at) > 0.5 for at in places}
    return {index: outline for index, outline in found.items() if outline.any()}


def _outline_values(volume: Volume, outline: np.ndarray, place: Place) -> np.ndarray:
    marked = replace(volume, voxels=outline.view(np.uint8), slope=1.0, intercept=0.0)
    return slice_values(marked, place.volume_plane, place.index)
