"""`tiles`: many small maps or small pictures as cells without blur, for channels and filters."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from dashboard.core.session import widget_value
from dashboard.shared.components.viewer.colour import kind_of, scale_header, tables
from dashboard.shared.components.viewer.frontend import register
from dashboard.shared.components.viewer.payload import map_bytes, pack, scale_top
from xai_core.errors import LayerError

Scale = Literal["one", "each"]

_component = register("tiles", styles=("legend",), parts=("legend",))


@dataclass(frozen=True)
class TilesOptions:
    """How the tiles look and what they follow.

    scale: one colour scale for all, or each map its own. signed: a diverging scale from -vmax to vmax; otherwise from
    0, negative values in its lowest colour. columns: at most so many; None fits them to the width. label: the quantity,
    for the colour bar. selected: the map marked as chosen; its page is shown when it changes. settings_of: the key of
    the viewer whose colour scale the maps follow. page: at most so many at once.
    """

    scale: Scale = "one"
    signed: bool = False
    columns: int | None = None
    label: str = "Activation"
    selected: int | None = None
    settings_of: str | None = None
    page: int = 96


def tiles(
    maps: np.ndarray,
    titles: Sequence[str],
    options: TilesOptions = TilesOptions(),
    *,
    key: str,
    on_choose: Callable[[int], None] | None = None,
) -> None:
    """Show n maps, each cell a square of one colour that tells its value when pointed at; long lists have pages.

    maps: float32 (n, h, w), or uint8 (n, h, w, 3) RGB, shown as it is. titles: one a map; details follow line breaks.
    on_choose: called with the index of a map that was clicked, before the page runs; without it the maps are only
    looked at.
    """
    check_maps(maps, titles, options.scale)

    def told() -> None:
        index = widget_value(key).choose
        if on_choose and type(index) is int and 0 <= index < len(maps):  # a browser can send anything
            on_choose(index)

    payload = tiles_payload(maps, titles, options, key, choosable=on_choose is not None)
    _component(data=payload, key=key, on_choose_change=told)


def check_maps(maps: np.ndarray, titles: Sequence[str], scale: Scale) -> None:
    """Refuse what is neither maps nor pictures, values that cannot be drawn, and another number of titles."""
    images = maps.dtype == np.uint8 and maps.ndim == 4 and maps.shape[3] == 3
    if not (images or (maps.dtype.kind == "f" and maps.ndim == 3)) or 0 in maps.shape[1:]:
        raise LayerError(
            f"The maps are {maps.dtype} {maps.shape}; give float32 (n, h, w), or uint8 (n, h, w, 3) for pictures."
        )
    if not images and not np.isfinite(maps).all():
        raise LayerError("The maps hold values that are not finite; they cannot be drawn.")
    if len(titles) != len(maps):
        raise LayerError(f"There are {len(titles)} titles for {len(maps)} maps; give one for each.")
    if scale not in get_args(Scale):
        raise LayerError(f'The scale is "{scale}"; choose one of {", ".join(get_args(Scale))}.')


def tiles_payload(
    maps: np.ndarray, titles: Sequence[str], options: TilesOptions, key: str, *, choosable: bool
) -> bytes:
    """Everything that the browser draws from: the blob maps holds all of them, float32 or RGB."""
    count, rows, cols = maps.shape[:3]
    images, signed = maps.dtype == np.uint8, options.signed
    kind = kind_of(-1.0 if signed else 0.0)
    header = {
        "rows": rows,
        "cols": cols,
        "titles": list(titles),
        "content": "rgb" if images else "values",
        "signed": signed,
        "top": max(0.0, scale_top(maps, signed)) if options.scale == "one" and count and not images else None,
        "columns": options.columns,
        "label": options.label,
        "selected": options.selected,
        "settings": options.settings_of or key,
        "choosable": choosable,
        "page": options.page,
        "scales": scale_header(kind),
    }
    blob = np.ascontiguousarray(maps).tobytes() if images else map_bytes(maps)
    return pack(header, {"scales": tables(kind), "maps": blob})
