"""`matrix`: classes down, methods or layers across, each cell a small map that is also a button."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dashboard.core.session import widget_value
from dashboard.shared.components.viewer.cells import (
    Cells,
    Scale,
    cell_headers,
    check_cells,
    is_map,
    legend_of,
    scale_tops,
    small_map,
)
from dashboard.shared.components.viewer.colour import kind_of, scale_header, tables
from dashboard.shared.components.viewer.frontend import register
from dashboard.shared.components.viewer.payload import image_header, map_bytes, pack
from dashboard.shared.components.viewer.records import DisplayImage

_component = register("matrix", styles=("legend", "tile"), parts=("legend",))


@dataclass(frozen=True, eq=False)
class Table:
    """rows, columns: the headings; a second line of a heading follows a line break. cells[row][column]: its raw map,
    float32 (h, w), a text that says why there is none, or None while it is computed."""

    rows: Sequence[str]
    columns: Sequence[str]
    cells: Cells


@dataclass(frozen=True)
class MatrixOptions:
    """How the tiles look and what they follow.

    scale: which tiles share a colour scale, or the top of each row's. signed: both signs, on scales from -vmax to vmax.
    label: the quantity, for the colour bar. selected: the (row, column) marked as chosen. settings_of: the key of the
    viewer whose settings the tiles follow. reveal: the key of the st.container that comes into view when a map is
    clicked.
    """

    scale: Scale | Sequence[float] = "one"
    signed: bool = False
    label: str = "Evidence"
    selected: tuple[int, int] | None = None
    settings_of: str | None = None
    reveal: str | None = None


def matrix(
    image: DisplayImage,
    table: Table,
    options: MatrixOptions = MatrixOptions(),
    *,
    key: str,
    on_choose: Callable[[int, int], None] | None = None,
) -> None:
    """Show a tile for each row and column of the table.

    on_choose: called with the row and column of a map that is clicked, before the page runs. To fill it as results
    arrive, call it once a run of a fragment: what is there already is neither sent to the screen nor drawn again.
    """
    check_cells(table.rows, table.columns, table.cells, options.scale)

    def told() -> None:
        place = chosen_place(widget_value(key).choose, table.cells)
        if on_choose and place is not None:
            on_choose(*place)

    payload = matrix_payload(image, table, options, key, choosable=on_choose is not None)
    _component(data=payload, key=key, on_choose_change=told)


def chosen_place(value: object, cells: Cells) -> tuple[int, int] | None:
    """The browser's answer, if it is the (row, column) of a map."""
    if not (isinstance(value, list | tuple) and len(value) == 2 and all(type(part) is int for part in value)):
        return None
    row, column = value
    if not (0 <= row < len(cells) and 0 <= column < len(cells[row])):
        return None
    return (row, column) if is_map(cells[row][column]) else None


def matrix_payload(image: DisplayImage, table: Table, options: MatrixOptions, key: str, *, choosable: bool) -> bytes:
    """Everything that the browser draws from; the maps are the blobs map0, map1, ... in reading order."""
    scale, signed, cells = options.scale, options.signed, table.cells
    tops = scale_tops(cells, scale, signed)
    kind = kind_of(-1.0 if signed else 0.0)
    maps = [small_map(cell) for line in cells for cell in line if is_map(cell)]
    header = {
        "image": image_header(image),
        "rows": list(table.rows),
        "columns": list(table.columns),
        "cells": cell_headers(cells, tops, signed),
        "selected": options.selected,
        "settings": options.settings_of or key,
        "choosable": choosable,
        "reveal": options.reveal,
        "scales": scale_header(kind),
        **legend_of(scale, tops, signed, options.label),
    }
    blobs = {f"map{i}": map_bytes(values) for i, values in enumerate(maps)}
    return pack(header, {"image": image.data, "scales": tables(kind), **blobs})
