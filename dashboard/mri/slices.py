"""Which slice, and how it is displayed: plane, number, window."""

from typing import cast

import streamlit as st

from dashboard.core.session import StateKey, WidgetKey, none
from dashboard.mri.scan import Place, Scan, count_of, planes_of
from xai_core.images.scans import Plane, middle_slice
from xai_core.types import Window

_OWN_WINDOW = "As dragged"


def plane_control(scan: Scan) -> str:
    options = planes_of(scan)
    if len(options) == 1:
        return options[0]
    plane = _plane(scan)
    if not plane.is_set():
        plane.set(scan.start[0] if scan.start and scan.start[0] in options else options[0])
    chosen = st.segmented_control(
        "Plane", options, format_func=str.capitalize, key=plane.name, persist_state="session", required=True
    )
    return chosen or options[0]


def choose_plane(scan: Scan, plane: str) -> None:
    """Show another plane; for callbacks."""
    _plane(scan).set(plane)


def _plane(scan: Scan) -> WidgetKey[str]:
    return WidgetKey(f"mri_plane_{scan.key}", "")


def place_now(scan: Scan, plane: str) -> Place:
    """The slice that is open in a plane: the reader scrolls to another in the picture."""
    return Place(plane, _slice(scan, plane).get())


def _first(scan: Scan, plane: str) -> int:
    """Where to open a plane: as the sample says, through the middle of a simulated lesion, or in the middle."""
    if scan.start and scan.start[0] == plane:
        return scan.start[1]
    if scan.outline is not None:
        return middle_slice(scan.outline, cast(Plane, plane))
    return count_of(scan, plane) // 2


def _slice(scan: Scan, plane: str) -> StateKey[int]:
    return StateKey(f"mri_slice_{scan.key}_{plane}", lambda: min(_first(scan, plane), count_of(scan, plane) - 1))


def go_to(scan: Scan, place: Place) -> None:
    """Open another slice; for callbacks."""
    _slice(scan, place.plane).set(place.index)


def window_control(scan: Scan) -> Window | None:
    """The display window; None for colour, which has none. It changes the picture, never the model's input."""
    volume = scan.volume
    if volume is None or volume.is_colour:
        return None
    windows = {named.name: named.window for named in volume.windows} or {"Whole range": Window(0.5, 1.0)}
    first = next(iter(windows))
    dragged = _dragged(scan).get()
    name = st.selectbox(
        "Window",
        [*windows, *([_OWN_WINDOW] if dragged else [])],
        key=_window(scan).name,
        persist_state="session",
        help="How grey values are shown. Drag on the picture for a window of your own; the keys 1 to 9 choose from "
        "this list. The model reads the values themselves, whatever the window.",
    )
    if name == _OWN_WINDOW and dragged:
        return dragged
    return windows.get(name, windows[first])


def set_window(scan: Scan, window: Window) -> None:
    """The window that was dragged or chosen in the picture; for callbacks."""
    known = {named.window: named.name for named in scan.volume.windows} if scan.volume is not None else {}
    if window not in known:
        _dragged(scan).set(window)
    _window(scan).set(known.get(window, _OWN_WINDOW))


def _window(scan: Scan) -> WidgetKey[str]:
    return WidgetKey(f"mri_window_{scan.key}", "")


def _dragged(scan: Scan) -> StateKey[Window | None]:
    return StateKey(f"mri_dragged_{scan.key}", none)
