"""The colour scales as the browser gets them: 256 RGB entries each."""

from functools import cache
from typing import Literal

from xai_core.render.scale import DIVERGING, SEQUENTIAL, colour_table

Kind = Literal["sequential", "diverging"]
SCALES = {"sequential": tuple(SEQUENTIAL), "diverging": tuple(DIVERGING)}


def kind_of(vmin: float) -> Kind:
    """A scale that starts below zero has two directions."""
    return "diverging" if vmin < 0 else "sequential"


@cache
def tables(kind: Kind) -> bytes:
    """uint8 (n_scales, 256, 3) RGB, in the order of `SCALES[kind]`."""
    return b"".join(colour_table(name).tobytes() for name in SCALES[kind])


def scale_header(kind: Kind) -> dict[str, object]:
    """The names of the scales, in the order of `tables`."""
    return {"names": list(SCALES[kind])}
