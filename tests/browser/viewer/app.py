"""A page with one viewer and one gallery, and buttons that bring what a rerun can bring."""

import numpy as np
import streamlit as st

from dashboard.shared.components.viewer import (
    GalleryOptions,
    Heat,
    Tile,
    ViewerOptions,
    display_image_of,
    gallery,
    viewer,
)
from tests.browser.viewer.known import BOX, GREY, HEIGHT, MAIN, MAPS, NAME, WIDTH

st.set_page_config(layout="wide")
state = st.session_state
state.runs = state.get("runs", 0) + 1
state.setdefault("layer", MAIN)
show = st.segmented_control("show", ["map", "signed", "nothing", "no evidence"], default="map")
height = int(st.query_params.get("height", HEIGHT))

image = display_image_of(np.full((HEIGHT, WIDTH, 3), GREY, np.uint8), BOX, NAME)
raw = MAPS[state.layer]
top = float(np.abs(raw).max() if show == "signed" else max(0.0, raw.max()))
low = -top if show == "signed" else 0.0
values = -np.abs(raw) if show == "no evidence" else raw
heat = Heat(values, 0.0 if show == "no evidence" else top, "Evidence", state.layer, "Words <i>about</i> the map.", low)
clicked = viewer(
    image,
    None if show == "nothing" else heat,
    ViewerOptions(caption="net · method · class 3", height=height),
    key="one",
)
tiles = [Tile(name, raw) for name, raw in MAPS.items()]
callback = {"on_choose": lambda name: state.update(layer=name)} if "callback" in st.query_params else {}
chosen = gallery(
    image, tiles, state.layer, GalleryOptions(settings_of="one", signed=show == "signed"), key="two", **callback
)
if chosen and not callback:
    state.layer = chosen
    st.rerun()
st.text(f"runs {state.runs}")
st.text(f"click {clicked}")
