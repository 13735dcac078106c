"""The colour scales that the browser draws with: perceptually even, readable by colour-blind eyes, never jet."""

from __future__ import annotations

from functools import cache
from typing import Literal

import cmap
import numpy as np

Kind = Literal["sequential", "diverging"]

SCALES: dict[Kind, dict[str, str]] = {
    "sequential": {
        "viridis": "bids:viridis",
        "cividis": "cividis:cividis",
        "magma": "bids:magma",
        "inferno": "bids:inferno",
        "greys": "crameri:grayC",
    },
    "diverging": {"vik": "crameri:vik", "broc": "crameri:broc", "puor": "colorbrewer:PuOr_r"},
}


def kind_of(vmin: float) -> Kind:
    """A scale that starts below zero has two directions."""
    return "diverging" if vmin < 0 else "sequential"


@cache
def tables(kind: Kind) -> bytes:
    """uint8 (n_scales, 256, 3) RGB, in the order of SCALES[kind]."""
    luts = [cmap.Colormap(name).lut(256)[:, :3] for name in SCALES[kind].values()]
    return np.round(255 * np.stack(luts)).astype(np.uint8).tobytes()


def scale_header(kind: Kind) -> dict[str, object]:
    """The names of the scales, in the order of `tables`."""
    return {"kind": kind, "names": list(SCALES[kind])}
