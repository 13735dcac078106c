"""What is said of a point under the pointer, sent when it is asked for, in a run of this fragment alone."""

import streamlit as st

from dashboard.core.session import StateKey, widget_value
from dashboard.shared.components.scatter.parts import HERE
from dashboard.shared.components.scatter.records import Tips
from dashboard.shared.components.viewer.frontend import joined
from dashboard.shared.components.viewer.payload import pack

MOST_ASKED = 160  # the pictures of a screen that is zoomed in

_component = st.components.v2.component("sightline_scatter_tips", js=joined(HERE / "js" / "tips_part.js"))


@st.fragment
def answer_tips(key: str, tips: Tips, count: int) -> None:
    """Answer the browser's question about some of `count` points; nothing else of the page runs."""
    place, wanted = f"{key}-tips", StateKey[list[int]](f"{key}-asked", list)

    def told() -> None:
        wanted.set(indices_of(widget_value(place).ask, count))

    indices = wanted.take()
    _component(data=tips_payload(key, tips, indices), key=place, on_ask_change=told)


def indices_of(value: object, count: int) -> list[int]:
    """The points asked for, as far as they exist: a browser can send anything."""
    if not isinstance(value, list):
        return []
    return [index for index in value[:MOST_ASKED] if type(index) is int and 0 <= index < count]


def tips_payload(key: str, tips: Tips, indices: list[int]) -> bytes:
    """The answers; the pictures are blobs under the indices' own names."""
    said = dict(zip(indices, tips.describe(indices), strict=True)) if indices else {}
    header = {
        "map": key,
        "version": tips.version,
        "tips": [[index, tip.title, list(tip.lines)] for index, tip in said.items()],
    }
    return pack(header, {str(index): tip.image for index, tip in said.items() if tip.image})
