"""Inline Streamlit components that draw maps in the browser."""

from dashboard.shared.components.viewer.gallery import GalleryOptions, gallery
from dashboard.shared.components.viewer.heat_map import ViewerOptions, viewer
from dashboard.shared.components.viewer.matrix import MatrixOptions, Table, matrix
from dashboard.shared.components.viewer.probe import ProbeOptions, probe
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
from dashboard.shared.components.viewer.tiles import TilesOptions, tiles

__all__ = [
    "Click",
    "DisplayImage",
    "GalleryOptions",
    "Heat",
    "MatrixOptions",
    "ProbeOptions",
    "Spot",
    "Table",
    "Tile",
    "TilesOptions",
    "ViewerOptions",
    "display_image",
    "display_image_of",
    "gallery",
    "map_controls",
    "matrix",
    "probe",
    "tiles",
    "viewer",
]
