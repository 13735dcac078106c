"""`canvas`: what the model saw, with its map, to be marked with a brush or a box."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from dashboard.core.session import widget_value
from dashboard.shared.components.viewer import DisplayImage, Heat
from dashboard.shared.components.viewer.colour import kind_of, scale_header, tables
from dashboard.shared.components.viewer.frontend import joined, read
from dashboard.shared.components.viewer.heat_map import heat_header
from dashboard.shared.components.viewer.payload import image_header, map_bytes, pack

_HERE = Path(__file__).parent

_component = st.components.v2.component(
    "sightline_eraser",
    html=(_HERE / "eraser.html").read_text("utf-8"),
    css=read("css", ("shared.css",)) + (_HERE / "eraser.css").read_text("utf-8"),
    js=joined(_HERE / "eraser.js"),
)


@dataclass(frozen=True, eq=False)
class MarkedImage:
    """A picture with its map and the marked region, bool (h, w) of the picture's own pixels.

    turn: grows when the region has changed, so that strokes of the browser's own are dropped.
    """

    image: DisplayImage
    heat: Heat
    region: np.ndarray
    turn: int


def canvas(marked: MarkedImage, *, key: str, height: int, settings_of: str, on_mark: Callable[[object], None]) -> None:
    """Show the picture; height: the most it may take, in CSS pixels. settings_of: the viewer that it is drawn like.

    on_mark: called with what the visitor did, before the page runs: a stroke {kind, points, radius}, "undo" or "clear".
    """
    image, heat, region = marked.image, marked.heat, marked.region

    def told() -> None:
        on_mark(widget_value(key).mark)

    header = {
        "image": image_header(image),
        "heat": heat_header(heat),
        "scales": scale_header(kind_of(heat.vmin)),
        "settings": settings_of,
        "turn": marked.turn,
        "maxHeight": height,
        "marked": float(region.mean()),
    }
    blobs = {
        "image": image.data,
        "map": map_bytes(heat.values),
        "scales": tables(kind_of(heat.vmin)),
        "region": region.astype(np.uint8).tobytes(),
    }
    _component(data=pack(header, blobs), key=key, on_mark_change=told)
