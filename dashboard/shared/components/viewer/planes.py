"""`planes`: the other two planes of a volume, small, beside a `scan_viewer`; a click in one moves the place in all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.core.session import widget_value
from dashboard.shared.components.viewer.colour import scale_header, tables
from dashboard.shared.components.viewer.frontend import register
from dashboard.shared.components.viewer.payload import pack
from dashboard.shared.components.viewer.scan import (
    SliceMap,
    Slices,
    nearest,
    scan_header,
    slice_from,
    stacked,
    window_header,
)
from xai_core.types import Window

_component = register("planes", styles=("over",), parts=("plane",))


@dataclass(frozen=True, eq=False)
class PlaneView:
    """One plane. along: the planes whose slices are numbered along its columns, from the right, and rows, from below.

    at: the slice that is shown, from 0. maps: of every slice whose signed map is known.
    """

    plane: str
    slices: Slices
    at: int
    along: tuple[str, str]
    maps: Mapping[int, SliceMap]


@dataclass(frozen=True, eq=False)
class PlanesView:
    """large: what the `scan_viewer` of this link shows. small: the two that are drawn. settings_of: the key of that
    viewer, as the maps are drawn alike."""

    large: PlaneView
    small: Sequence[PlaneView]
    window: Window | None
    settings_of: str
    link: str


def planes(
    view: PlanesView,
    *,
    key: str,
    on_place: Callable[[Mapping[str, int]], None],
    on_large: Callable[[str], None],
) -> None:
    """Show two planes; on_place, with a slice for each plane, and on_large are called before the page runs."""
    counts = {one.plane: one.slices.count for one in (view.large, *view.small)}

    def told_place() -> None:
        place = place_from(widget_value(key).place, counts)
        if place is not None:
            on_place(place)

    def told_large() -> None:
        plane = widget_value(key).large
        if plane in [one.plane for one in view.small]:
            on_large(plane)

    _component(data=planes_payload(view), key=key, on_place_change=told_place, on_large_change=told_large)


def place_from(value: object, counts: Mapping[str, int]) -> dict[str, int] | None:
    """The browser's answer as a slice of each plane; None for anything that is not one."""
    if not isinstance(value, Mapping) or set(value) != set(counts):
        return None
    place = {plane: slice_from(value[plane], count) for plane, count in counts.items()}
    return {plane: index for plane, index in place.items() if index is not None} if None not in place.values() else None


def planes_payload(view: PlanesView) -> bytes:
    """Everything that the browser draws from but the slices themselves, as one payload."""
    large, small, window = view.large, view.small, view.window
    every, mapped = (large, *small), any(one.maps for one in small)
    sent = [nearest(one.maps, one.at) for one in small]
    header: dict[str, Any] = {
        "large": {"plane": large.plane, "along": large.along},
        "views": [_view_header(one, window, indices) for one, indices in zip(small, sent, strict=True)],
        "numbers": {one.plane: one.at for one in every},
        "counts": {one.plane: one.slices.count for one in every},
        "window": window_header(window) if window else None,
        "heat": mapped,
        "settings": view.settings_of,
        "link": view.link,
        "scales": scale_header("diverging"),
    }
    blobs = {f"maps{i}": stacked(one.maps, indices) for i, (one, indices) in enumerate(zip(small, sent, strict=True))}
    return pack(header, {**blobs, "scales": tables("diverging")} if mapped else {})


def _view_header(view: PlaneView, window: Window | None, sent: Sequence[int]) -> dict[str, Any]:
    scan = scan_header(view.slices, view.at, window, view.maps, sent)
    return {"plane": view.plane, "along": view.along, "scan": scan}
