"""Colour scales that are perceptually even and readable by colour-blind eyes; no jet."""

from functools import cache

import cmap
import numpy as np

SEQUENTIAL = {
    "viridis": "bids:viridis",
    "cividis": "cividis:cividis",
    "magma": "bids:magma",
    "inferno": "bids:inferno",
    "greys": "crameri:grayC",
}
DIVERGING = {"vik": "crameri:vik", "broc": "crameri:broc", "puor": "colorbrewer:PuOr_r"}


@cache
def colour_table(name: str) -> np.ndarray:
    """The scale's 256 colours: uint8 (256, 3) RGB, lowest value first; KeyError for an unknown name."""
    return np.round(255 * cmap.Colormap((SEQUENTIAL | DIVERGING)[name]).lut(256)[:, :3]).astype(np.uint8)
