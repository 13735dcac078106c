"""Inline Streamlit components that draw maps in the browser."""

from dashboard.components.viewer.gallery import gallery
from dashboard.components.viewer.heat_map import viewer
from dashboard.components.viewer.matrix import matrix
from dashboard.components.viewer.probe import probe
from dashboard.components.viewer.records import Click, Heat, Picture, Spot, Tile, display_picture, picture_of
from dashboard.components.viewer.strip import map_controls
from dashboard.components.viewer.tiles import tiles

__all__ = [
    "Click",
    "Heat",
    "Picture",
    "Spot",
    "Tile",
    "display_picture",
    "gallery",
    "map_controls",
    "matrix",
    "picture_of",
    "probe",
    "tiles",
    "viewer",
]
