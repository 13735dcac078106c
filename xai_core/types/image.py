"""Pictures, and rectangles in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np


@dataclass(frozen=True)
class Box:
    """A rectangle in picture coordinates: pixels, origin at the top left corner, right and bottom exclusive."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Window:
    """Display window of a scan in its physical unit: values below centre - width/2 are black, above + width/2 white.

    table: shares of white at even steps across the window, linear in between, for what is no straight line from black
    to white: (1, 0) is the inverse; empty otherwise.
    """

    center: float
    width: float
    table: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class SourceImage:
    """A picture as it was read, upright.

    pixels: uint8 (h, w, 3) RGB for a photograph; float32 (h, w) in physical units for a scan.
    notes: what was done on reading ("transparent parts were laid on white"), one sentence each.
    digest: SHA-256 hex of shape, dtype and pixels, and of a scan's window; the name is not part of it.
    """

    pixels: np.ndarray
    name: str
    kind: Literal["photograph", "scan"]
    digest: str
    notes: tuple[str, ...] = ()
    spacing_mm: tuple[float, float] | None = None
    window: Window | None = None

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return int(self.pixels.shape[0]), int(self.pixels.shape[1])
