"""A page with one part of the viewer's family at a time: ?part=linked, matrix, tiles or probe."""

from __future__ import annotations

import numpy as np
import streamlit as st

from dashboard.shared.components.viewer import (
    Heat,
    MatrixOptions,
    ProbeOptions,
    Table,
    TilesOptions,
    ViewerOptions,
    display_image_of,
    map_controls,
    matrix,
    probe,
    tiles,
    viewer,
)
from tests.browser.viewer.known import (
    CELLS,
    CHANNELS,
    CLASSES,
    FILTERS,
    LINKED,
    METHODS,
    OTHER_BOX,
    PICTURE,
    PROBED,
    titles_of,
)
from xai_core.types import Box

st.set_page_config(layout="wide")
state = st.session_state
query = st.query_params
state.runs = state.get("runs", 0) + 1


def linked() -> None:
    """Two pictures of different sizes; the second one is twice as large and compact."""
    signed = "signed" in query
    height, width = PICTURE.shape[:2]
    first = display_image_of(PICTURE, Box(0, 0, width, height), "first")
    second = display_image_of(np.repeat(np.repeat(PICTURE, 2, 0), 2, 1), OTHER_BOX, "second")
    left, right = st.columns(2)
    for column, image, name in ((left, first, "one"), (right, second, "two")):
        top = float(np.abs(LINKED[name]).max())
        heat = Heat(LINKED[name], top, "Evidence", name, "words", -top if signed else 0.0)
        with column:
            viewer(
                image,
                heat,
                ViewerOptions(caption=name, settings_of="both", link="pair", compact=name == "two"),
                key=name,
            )
    viewer(first, heat, ViewerOptions(height=120), key="alone")
    map_controls("both", key="controls", signed=signed, link="pair")


@st.fragment
def filling() -> None:
    """A matrix that gets one more column a run of the fragment."""
    state.done = state.get("done", 0 if "fill" in query else len(METHODS))
    cells = [line[: state.done] + [None] * (len(METHODS) - state.done) for line in CELLS]
    matrix(
        display_image_of(PICTURE, Box(0, 0, PICTURE.shape[1], PICTURE.shape[0]), "a picture"),
        Table(CLASSES, METHODS, cells),
        MatrixOptions(scale=query.get("scale", "one"), signed="signed" in query, selected=state.get("chosen")),
        key="matrix",
        on_choose=lambda row, col: state.update(chosen=(row, col)),
    )
    if state.done < len(METHODS) and st.button("next"):
        state.done += 1
        st.rerun(scope="fragment")
    st.text(f"chosen {state.get('chosen')}")


def many() -> None:
    maps = FILTERS if "rgb" in query else CHANNELS[: int(query.get("n", len(CHANNELS)))]
    tiles(
        maps,
        [f"{title}\nweight {i}" if "details" in query else title for i, title in enumerate(titles_of(maps))],
        TilesOptions(
            scale=query.get("scale", "one"),
            signed="signed" in query,
            columns=int(query["columns"]) if "columns" in query else None,
            selected=state.get("index"),
        ),
        key="tiles",
        on_choose=None if "still" in query else lambda index: state.update(index=index),
    )
    st.text(f"index {state.get('index')}")


def probed() -> None:
    modes = query.get_all("mode") or ["bilinear"]
    for mode in modes:
        size = tuple(int(side) for side in query.get("size", "28,42").split(","))
        probe(PROBED, size, ProbeOptions(mode=mode, signed=True, link="probes"), key=mode)


{"linked": linked, "matrix": filling, "tiles": many, "probe": probed}[query["part"]]()
st.text(f"runs {state.runs}")
