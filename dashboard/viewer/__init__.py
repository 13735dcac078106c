"""Inline Streamlit components that draw maps in the browser."""

from dashboard.viewer.gallery import gallery
from dashboard.viewer.heat_map import viewer
from dashboard.viewer.matrix import matrix
from dashboard.viewer.probe import probe
from dashboard.viewer.records import Click, Heat, Picture, Spot, Tile, display_picture, picture_of
from dashboard.viewer.strip import map_controls
from dashboard.viewer.tiles import tiles

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
