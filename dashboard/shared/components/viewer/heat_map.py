"""`viewer`: a picture with a heat map over it, explored without a run of the server."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dashboard.core.session import widget_value
from dashboard.shared.components.viewer.colour import kind_of, scale_header, tables
from dashboard.shared.components.viewer.frontend import register
from dashboard.shared.components.viewer.payload import box_list, image_header, map_bytes, pack
from dashboard.shared.components.viewer.records import Click, DisplayImage, Heat, Spot

NO_EVIDENCE = "No positive evidence to show."
BOTH_SIGNS = ("against", "for")


_component = register("viewer", styles=("legend", "controls"), parts=("legend", "controls"))


@dataclass(frozen=True)
class ViewerOptions:
    """How a viewer looks and what it follows.

    caption: the recipe line, written below the picture and into the download. message: said on the picture instead of
    drawing the map. height: the most the picture may take, in CSS pixels (default 70 % of the window). settings_of:
    share opacity, threshold, colour scale and interpolation with the viewer of that key. link: viewers of one name show
    each other's pointer at the same part of the picture's width and height, each with its own value, and hide their
    maps together. compact: only the colour bar, the read-out and the caption, for a viewer whose controls stand
    elsewhere. spot: a unit that is marked with what it sees; the arrow keys then move it at once.
    """

    caption: str = ""
    message: str | None = None
    height: int | None = None
    settings_of: str | None = None
    link: str | None = None
    compact: bool = False
    spot: Spot | None = None


def viewer(
    image: DisplayImage,
    heat: Heat | None,
    options: ViewerOptions = ViewerOptions(),
    *,
    key: str,
    on_click: Callable[[Click], None] | None = None,
) -> Click | None:
    """Show the picture with its map and return the point that was just clicked, for one run.

    heat: None shows the picture alone. on_click: called with the point before the page runs.
    """

    def told() -> None:
        click = click_from(widget_value(key).click)
        if on_click and click is not None:
            on_click(click)

    result = _component(data=viewer_payload(image, heat, options, key), key=key, on_click_change=told)
    return click_from(result.click)


def viewer_payload(image: DisplayImage, heat: Heat | None, options: ViewerOptions, key: str) -> bytes:
    """Everything that the browser draws from, as one payload."""
    spot = options.spot
    header: dict[str, Any] = {
        "image": image_header(image),
        "heat": None,
        "message": options.message,
        "caption": options.caption,
        "maxHeight": options.height,
        "settings": options.settings_of or key,
        "link": options.link,
        "compact": options.compact,
        "spot": spot and {"row": spot.row, "col": spot.col, "box": box_list(spot.box)},
    }
    blobs = {"image": image.data}
    if heat is not None:
        kind = kind_of(heat.vmin)
        header |= {"heat": heat_header(heat), "scales": scale_header(kind)}
        header["message"] = options.message or (NO_EVIDENCE if heat.vmax <= heat.vmin else None)
        blobs |= {"map": map_bytes(heat.values), "scales": tables(kind)}
    return pack(header, blobs)


def heat_header(heat: Heat) -> dict[str, Any]:
    rows, cols = heat.values.shape
    ends = heat.ends or (BOTH_SIGNS if heat.vmin < 0 else None)
    texts = {"label": heat.label, "layer": heat.layer, "description": heat.description, "ends": ends}
    return {"rows": rows, "cols": cols, "vmin": float(heat.vmin), "vmax": float(heat.vmax), **texts}


def click_from(value: object) -> Click | None:
    """The browser's answer as a Click; None for anything that is not one, since a page can send what it likes."""
    if not isinstance(value, Mapping):
        return None
    x, y, row, col = (value.get(name) for name in ("x", "y", "row", "col"))
    if not all(isinstance(v, int | float) and math.isfinite(v) for v in (x, y)):
        return None
    if not all(v is None or isinstance(v, int) for v in (row, col)):
        return None
    return Click(float(x), float(y), row, col)  # type: ignore[arg-type]
