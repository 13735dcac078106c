"""What the viewer and the gallery are given, checked on entry, and what a click gives back."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from xai_core.errors import ImageError, LayerError
from xai_core.types import Box


@dataclass(frozen=True, eq=False)
class DisplayImage:
    """A picture fit for display.

    data: PNG, WebP or JPEG bytes, perhaps smaller than the original. size: (height, width) of the original in pixels.
    box: the part that the model saw, in pixels of the original; it may reach beyond the picture where a model pads.
    name: what the picture shows, as its text alternative; it never becomes part of a file name.
    """

    data: bytes
    size: tuple[int, int]
    box: Box
    name: str

    def __post_init__(self) -> None:
        if min(self.size) < 1:
            raise ImageError(f"The picture's size is {self.size}; give (height, width), each at least 1 pixel.")
        if not (self.box.left < self.box.right and self.box.top < self.box.bottom):
            raise ImageError(f"{self.box} is empty; its right and bottom must lie beyond its left and top.")


@dataclass(frozen=True, eq=False)
class Heat:
    """A raw map to lay over a picture.

    values: float32 (rows, cols) at the layer's native grid, signed. vmin, vmax: ends of the colour scale; vmin is 0
    or more (only positive evidence is drawn) or exactly -vmax (both signs). label: the quantity, such as "Grad-CAM
    evidence". layer: its name. description: what the map shows, in words. ends: what the low and the high end of the
    scale mean, said below it; a scale of both signs says "against" and "for" by itself.
    """

    values: np.ndarray
    vmax: float
    label: str
    layer: str
    description: str
    vmin: float = 0.0
    ends: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        check_map(self.values)
        if not np.isfinite([self.vmin, self.vmax]).all():
            raise LayerError(f"The colour scale runs from {self.vmin} to {self.vmax}; both ends must be finite.")
        if self.vmin < 0 and self.vmin != -self.vmax:
            raise LayerError(
                f"The colour scale runs from {self.vmin} to {self.vmax}; let it start at 0, or at -vmax for both signs."
            )


@dataclass(frozen=True, eq=False)
class Tile:
    """One layer in the gallery: its name and raw map, float32 (rows, cols).

    vmax: the top of its colour scale; None shares one scale between all such tiles of the gallery.
    message: said instead of drawing; a map without a positive value says so by itself.
    """

    name: str
    values: np.ndarray
    vmax: float | None = None
    message: str | None = None

    def __post_init__(self) -> None:
        check_map(self.values)


@dataclass(frozen=True)
class Click:
    """A chosen point: x, y in pixels of the original picture, row, col of the map's cell, from 0.

    row and col are None outside the part that the model saw, and where no map is shown.
    """

    x: float
    y: float
    row: int | None
    col: int | None


@dataclass(frozen=True)
class Spot:
    """A chosen unit: row, col of its cell, from 0, and the box that it sees, in pixels of the original picture."""

    row: int
    col: int
    box: Box


def check_map(values: np.ndarray) -> None:
    """Refuse a map that is not (rows, cols) with finite numbers."""
    if values.ndim != 2 or 0 in values.shape:
        raise LayerError(f"The map has the shape {values.shape}; give one of shape (rows, cols).")
    if not np.isfinite(values).all():
        raise LayerError("The map holds values that are not finite; a heat map cannot be drawn from them.")


def display_image(pixels: np.ndarray, max_side: int = 1024) -> bytes:
    """uint8 (h, w, 3) RGB as lossless WebP, its longer side scaled down to at most max_side pixels."""
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise ImageError(f"The pixels are {pixels.dtype} {pixels.shape}; give uint8 of shape (height, width, 3).")
    image = Image.fromarray(np.ascontiguousarray(pixels))
    ratio = max_side / max(image.size)
    if ratio < 1:
        width, height = (max(1, round(side * ratio)) for side in image.size)
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", lossless=True, method=0)  # method 0: 50 ms for 1 megapixel; 4 takes 10x for 15 % less
    return buffer.getvalue()


def display_image_of(pixels: np.ndarray, box: Box, name: str, max_side: int = 1024) -> DisplayImage:
    """The Picture of uint8 (h, w, 3) pixels; cache it, the encoding takes about 50 ms a megapixel."""
    return DisplayImage(display_image(pixels, max_side), (pixels.shape[0], pixels.shape[1]), box, name)
