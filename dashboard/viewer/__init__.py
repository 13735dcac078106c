"""The heat-map viewer and the layer gallery: two inline Streamlit components that draw in the browser."""

from dashboard.viewer.gallery import gallery
from dashboard.viewer.heat_map import viewer
from dashboard.viewer.records import Click, Heat, Picture, Tile, display_picture, picture_of

__all__ = ["Click", "Heat", "Picture", "Tile", "display_picture", "gallery", "picture_of", "viewer"]
