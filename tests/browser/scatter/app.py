"""A page with one map: ?show=few, digits, or a number of points; ?without=webgl2 is up to the browser."""

from __future__ import annotations

import numpy as np
import streamlit as st

from dashboard.shared.components.scatter import (
    Area,
    CurrentPoint,
    ScatterOptions,
    Tips,
    by_category,
    by_value,
    cloud_of,
    scatter,
    select,
)
from tests.browser.scatter import known

st.set_page_config(layout="wide")
state = st.session_state
state.runs = state.get("runs", 0) + 1
query = st.query_params
show = query.get("show", "few")


@st.cache_resource
def points(show: str, other: bool) -> tuple:
    """The cloud, its classes and names."""
    if show == "few":
        return cloud_of(known.FEW[::-1] if other else known.FEW), known.FEW_CLASSES, known.FEW_NAMES
    if show == "digits":
        first, second, labels, _ = known.digits()
        return cloud_of(second if other else first), labels, tuple(map(str, range(10)))
    places, labels = known.crowd(int(show))
    return cloud_of(places[:, ::-1] if other else places), labels, tuple(f"class {i}" for i in range(12))


@st.cache_resource
def colouring(show: str, colour: str) -> object:
    cloud, classes, names = points(show, False)
    if colour == "class":
        return by_category(classes, names, "Label")
    return by_value(known.FEW_VALUES if show == "few" else cloud.xy[:, 0], "Loss")


colour = st.segmented_control("colour", ["class", "value"], default="class")
other = st.checkbox("other places")
find = st.checkbox("find")
placed = st.checkbox("here", value="here" in query)
cloud, classes, names = points(show, other)
colours = colouring(show, colour or "class")
count = len(cloud)


def on_area(area: Area) -> None:
    state.selected = select(area, cloud, colours, state.get("selected"))
    state.corners = len(area.polygon)


def describe(indices: list[int]) -> list:
    state.answered = state.get("answered", 0) + len(indices)
    return known.describe(indices)


extras: dict = {}
if show == "digits":
    extras = {"signposts": known.class_posts(cloud.xy), "tips": Tips(known.describe, "1")}
elif show == "few":
    extras = {"tips": Tips(describe, "1")}
if placed:
    middle = cloud.xy.mean(axis=0)
    nearest = np.argsort(np.square(cloud.xy - middle).sum(axis=1))[:5]
    image = known.display_image_of(known.digits()[3][3])
    extras["current_point"] = CurrentPoint(middle[0], middle[1], "your picture", image, tuple(map(int, nearest)))
scatter(
    cloud,
    colours,
    ScatterOptions(
        name="Map of vectors",
        description="A test map.",
        height=int(query.get("height", 600)),
        selected=state.get("selected"),
        highlighted=np.arange(count) % 3 == 0 if find else None,
        chosen=state.get("chosen"),
        **extras,
    ),
    key="map",
    on_point=lambda index: state.update(chosen=index),
    on_area=on_area,
)
mask = state.get("selected")
st.text(f"runs {state.runs}")
st.text(f"chosen {state.get('chosen')}")
st.text(f"selected {'' if mask is None else np.flatnonzero(mask)[:20].tolist()} of {0 if mask is None else mask.sum()}")
