"""Inline Streamlit components that draw maps in the browser."""

from dashboard.shared.components.viewer.gallery import gallery
from dashboard.shared.components.viewer.heat_map import viewer
from dashboard.shared.components.viewer.matrix import matrix
from dashboard.shared.components.viewer.probe import probe
from dashboard.shared.components.viewer.records import (
    Click,
    DisplayImage,
    Heat,
    Spot,
    Tile,
    display_image,
    display_image_of,
)
from dashboard.shared.components.viewer.strip import map_controls
from dashboard.shared.components.viewer.tiles import tiles

__all__ = [
    "Click",
    "DisplayImage",
    "Heat",
    "Spot",
    "Tile",
    "display_image",
    "display_image_of",
    "gallery",
    "map_controls",
    "matrix",
    "probe",
    "tiles",
    "viewer",
]
