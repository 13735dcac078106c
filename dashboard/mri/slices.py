"""Which slice, and how it is displayed: plane, number, window."""

from __future__ import annotations

import streamlit as st

from dashboard.mri.scan import PICTURE, Place, Scan, count_of, planes_of
from xai_core.types import Window

_OWN_WINDOW = "Own level and width"


def plane_control(scan: Scan) -> str:
    options = planes_of(scan)
    if len(options) == 1:
        return options[0]
    key = f"mri_plane_{scan.key}"
    if key not in st.session_state:
        st.session_state[key] = scan.start[0] if scan.start and scan.start[0] in options else options[0]
    chosen = st.segmented_control(
        "Plane", options, format_func=str.capitalize, key=key, persist_state="session", required=True
    )
    return chosen or options[0]


def slice_control(scan: Scan, plane: str) -> Place:
    """The slider below the picture; arrow keys move it."""
    count, key = count_of(scan, plane), slice_key(scan, plane)
    if count == 1:
        return Place(plane, 0)
    if key not in st.session_state:
        at = scan.start[1] if scan.start and scan.start[0] == plane else count // 2
        st.session_state[key] = min(at, count - 1) + 1
    number = st.slider(
        f"Slice (of {count})" if plane != PICTURE else f"Picture (of {count})",
        1,
        count,
        key=key,
        persist_state="session",
        help="Arrow keys move it by one. In the picture, hold H to see the slice without the map.",
    )
    return Place(plane, int(number) - 1)


def slice_key(scan: Scan, plane: str) -> str:
    return f"mri_slice_{scan.key}_{plane}"


def go_to(scan: Scan, place: Place) -> None:
    """Open another slice; for callbacks."""
    st.session_state[slice_key(scan, place.plane)] = place.index + 1


def window_control(scan: Scan) -> Window | None:
    """The display window; None for colour, which has none. It changes the picture, never the model's input."""
    volume = scan.volume
    if volume is None or volume.is_colour or not volume.windows:
        return None
    windows = {named.name: named.window for named in volume.windows}
    name = st.selectbox(
        "Window",
        [*windows, _OWN_WINDOW],
        key=f"mri_window_{scan.key}",
        persist_state="session",
        help="How grey values are shown. The model reads the values themselves, whatever the window.",
    )
    if name != _OWN_WINDOW:
        return windows[name]
    first = volume.windows[0].window
    left, right = st.columns(2)
    level = left.number_input("Level", value=float(first.center), key=f"mri_level_{scan.key}", persist_state="session")
    width = right.number_input(
        "Width", value=float(first.width), min_value=1e-6, key=f"mri_width_{scan.key}", persist_state="session"
    )
    return Window(float(level), float(width))
