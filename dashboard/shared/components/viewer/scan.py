"""`scan_viewer`: one slice of many with its map; scrolling and the display window need no run of the server."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeGuard

import numpy as np

from dashboard.core.session import widget_value
from dashboard.shared.components.viewer.colour import kind_of, scale_header, tables
from dashboard.shared.components.viewer.frontend import register
from dashboard.shared.components.viewer.heat_map import heat_header
from dashboard.shared.components.viewer.payload import box_list, map_bytes, pack
from dashboard.shared.components.viewer.records import Heat, check_map
from xai_core.types import Box, Window

MAP_BYTES = 256_000  # of maps of other slices in one run; the nearest go first

_component = register("scan", styles=("legend", "controls", "viewer", "over"), parts=("legend", "controls"))


@dataclass(frozen=True)
class Slices:
    """The slices of a plane, as the browser fetches them: GET <url>/<number from 0>, see dashboard/mri/stack.py.

    sizes: (height, width) of each, or one for all. low, step: value = low + (level - 1) * step. name: a text
    alternative. letters: for the edges "left", "right", "top", "bottom". presets: named windows; none for colour.
    """

    url: str
    count: int
    sizes: tuple[tuple[int, int], ...]
    low: float
    step: float
    name: str
    letters: Mapping[str, str]
    presets: tuple[tuple[str, Window], ...] = ()


@dataclass(frozen=True, eq=False)
class SliceMap:
    """The map of a slice: float32 (rows, cols), the same for all slices; top: of its scale, from -top to top."""

    values: np.ndarray
    box: Box
    top: float

    def __post_init__(self) -> None:
        check_map(self.values)


@dataclass(frozen=True, eq=False)
class ScanView:
    """What a scan viewer shows: slice `at` through its display window (None for colour).

    heat: how the map of slice `at` is to be drawn, None for no maps. maps: of every slice whose map is known. height:
    the most it may take, in CSS pixels. link: viewers of one name move together. cross: where other planes cut the
    slice, as shares of its width and height; `planes` of the same link moves it. outlines: closed lines to draw on some
    slices, each float (n, 2), x and y in pixels of the slice.
    """

    slices: Slices
    at: int
    window: Window | None
    heat: Heat | None
    maps: Mapping[int, SliceMap]
    caption: str = ""
    height: int | None = None
    link: str | None = None
    cross: tuple[float, float] | None = None
    outlines: Mapping[int, Sequence[np.ndarray]] = field(default_factory=dict)


def scan_viewer(
    view: ScanView, *, key: str, on_slice: Callable[[int], None], on_window: Callable[[Window], None]
) -> None:
    """Show a slice; on_slice and on_window are called before the page runs, when the reader rests on another."""

    def told_slice() -> None:
        index = slice_from(widget_value(key).slice, view.slices.count)
        if index is not None:
            on_slice(index)

    def told_window() -> None:
        chosen = window_from(widget_value(key).window, view.window, view.slices.presets)
        if chosen is not None:
            on_window(chosen)

    _component(data=scan_payload(view, key), key=key, on_slice_change=told_slice, on_window_change=told_window)


def scan_payload(view: ScanView, settings: str) -> bytes:
    """Everything that the browser draws from but the slices themselves, as one payload."""
    slices, at, heat, maps = view.slices, view.at, view.heat, view.maps
    tall, wide = slices.sizes[at if len(slices.sizes) > 1 else 0]
    shown = maps[at] if heat and at in maps else None
    box = box_list(shown.box if shown else Box(0, 0, wide, tall))
    sent = nearest(maps, at) if heat else []
    header: dict[str, Any] = {
        "image": {"digest": slices.url, "width": wide, "height": tall, "box": box, "name": slices.name},
        "heat": None,
        "message": None,
        "caption": view.caption,
        "maxHeight": view.height,
        "settings": settings,
        "link": view.link,
        "compact": True,
        "spot": None,
        "scan": scan_header(slices, at, view.window, maps, sent),
        "cross": view.cross,
        "outlines": {index: [np.round(line, 1).tolist() for line in lines] for index, lines in view.outlines.items()},
    }
    blobs: dict[str, bytes] = {}
    if heat is not None:
        kind = kind_of(heat.vmin)
        header |= {"heat": heat_header(heat), "scales": scale_header(kind)}
        blobs = {"map": map_bytes(heat.values), "maps": stacked(maps, sent), "scales": tables(kind)}
    return pack(header, blobs)


def scan_header(
    slices: Slices, at: int, window: Window | None, maps: Mapping[int, SliceMap], sent: Sequence[int]
) -> dict[str, Any]:
    rows, cols = maps[sent[0]].values.shape if sent else (0, 0)
    listed = [{"index": i, "box": box_list(maps[i].box), "top": float(maps[i].top)} for i in sent]
    return {
        "url": slices.url,
        "count": slices.count,
        "at": at,
        "sizes": [[wide, tall] for tall, wide in slices.sizes],
        "levels": {"low": slices.low, "step": slices.step},
        "letters": dict(slices.letters),
        "presets": [{"name": name, "window": window_header(one)} for name, one in slices.presets],
        "window": window_header(window) if window else None,
        "maps": {"rows": rows, "cols": cols, "slices": listed},
    }


def stacked(maps: Mapping[int, SliceMap], sent: Sequence[int]) -> bytes:
    """The maps that are sent, one after the other."""
    return b"".join(map_bytes(maps[index].values) for index in sent)


def window_header(window: Window) -> dict[str, Any]:
    table = list(window.table) if window.table else None
    return {"center": float(window.center), "width": float(window.width), "table": table}


def nearest(maps: Mapping[int, SliceMap], at: int) -> list[int]:
    """The slices whose maps are sent."""
    order = sorted(maps, key=lambda index: (abs(index - at), index))
    size = maps[order[0]].values.size * 4 if order else 1
    return order[: max(1, MAP_BYTES // size)]


def slice_from(value: object, count: int) -> int | None:
    """The browser's answer as a slice; None for anything that is not one, since a page can send what it likes."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < count else None


def window_from(value: object, now: Window | None, presets: Sequence[tuple[str, Window]]) -> Window | None:
    """The browser's answer as a window, its table that of the preset it began as; None for anything that is not one."""
    if not isinstance(value, Mapping) or now is None:
        return None
    center, width, preset = (value.get(name) for name in ("center", "width", "preset"))
    if not (_is_number(center) and _is_number(width) and width > 0):
        return None
    base = presets[preset][1] if isinstance(preset, int) and 0 <= preset < len(presets) else now
    return replace(base, center=float(center), width=float(width))


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and math.isfinite(value)
