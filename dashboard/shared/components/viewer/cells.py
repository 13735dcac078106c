"""The cells of a matrix: maps, reasons and what is still to come, and the colour scales that they share."""

import hashlib
from collections.abc import Sequence
from typing import Any, Literal, TypeGuard, get_args

import numpy as np

from dashboard.shared.components.viewer.heat_map import BOTH_SIGNS
from dashboard.shared.components.viewer.payload import map_bytes, map_header, scale_top
from dashboard.shared.components.viewer.records import check_map
from xai_core.errors import LayerError

Cell = np.ndarray | str | None
Cells = Sequence[Sequence[Cell]]
Scale = Literal["one", "row", "column", "each"]

LARGEST_SIDE = 96  # cells a side that a tile can show; every map is sent again with each run
NOTES = {
    "row": "Each row has its own colour scale.",
    "column": "Each column has its own colour scale.",
    "each": "Each tile has its own colour scale.",
}


def is_map(cell: Cell) -> TypeGuard[np.ndarray]:
    return isinstance(cell, np.ndarray)


def check_cells(rows: Sequence[str], columns: Sequence[str], cells: Cells, scale: Scale | Sequence[float]) -> None:
    """Refuse cells that do not fill the table, maps that cannot be drawn, and scales that do not exist."""
    widths = [len(line) for line in cells]
    if widths != [len(columns)] * len(rows):
        raise LayerError(f"The rows hold {widths} cells; give {len(rows)} rows of {len(columns)}, one a column.")
    if isinstance(scale, str) and scale not in get_args(Scale):
        raise LayerError(
            f'The scale is "{scale}"; choose one of {", ".join(get_args(Scale))}, or a number for each row.'
        )
    if not isinstance(scale, str) and len(scale) != len(rows):
        raise LayerError(f"The scale has {len(scale)} tops for {len(rows)} rows; give one for each row.")
    for cell in (cell for line in cells for cell in line if is_map(cell)):
        check_map(cell)


def scale_tops(cells: Cells, scale: Scale | Sequence[float], signed: bool) -> list[list[float]]:
    """The top of each cell's colour scale: the top of all maps that share it, 0 where there is none yet."""
    if not isinstance(scale, str):
        return [[float(top)] * len(line) for top, line in zip(scale, cells, strict=True)]
    tops = np.array([[scale_top(cell, signed) if is_map(cell) else 0.0 for cell in line] for line in cells], float)
    if not tops.size:
        return [[] for _ in cells]
    axis = {"one": None, "row": 1, "column": 0, "each": ()}[scale]
    shared: list[list[float]] = np.broadcast_to(tops.max(axis=axis, keepdims=True, initial=0), tops.shape).tolist()
    return shared


def cell_headers(cells: Cells, tops: list[list[float]], signed: bool) -> list[dict[str, Any] | None]:
    """What the browser is told of each cell, in reading order."""
    return [
        cell_header(cell, top, signed)
        for line, line_tops in zip(cells, tops, strict=True)
        for cell, top in zip(line, line_tops, strict=True)
    ]


def cell_header(cell: Cell, top: float, signed: bool) -> dict[str, Any] | None:
    """The digest lets the browser keep what it has drawn."""
    if not is_map(cell):
        return None if cell is None else {"reason": cell}
    small = small_map(cell)
    rows, cols = small.shape
    digest = hashlib.blake2b(map_bytes(small), digest_size=8).hexdigest()
    return map_header(cell, top, signed) | {"rows": rows, "cols": cols, "digest": digest}


def small_map(values: np.ndarray, side: int = LARGEST_SIDE) -> np.ndarray:
    """A map (rows, cols) of at most `side` cells a side: of each block the value farthest from zero, sign and all.

    Means would cancel the signs of a pixel map and draw it weaker than its scale.
    """
    for axis in (0, 1):
        step = -(-values.shape[axis] // side)
        starts = np.arange(0, values.shape[axis], step)
        high, low = np.maximum.reduceat(values, starts, axis), np.minimum.reduceat(values, starts, axis)
        values = np.where(high >= -low, high, low)
    return values


def legend_of(scale: Scale | Sequence[float], tops: list[list[float]], signed: bool, label: str) -> dict[str, Any]:
    """The range of the colour bar where all tiles share one, else a note; no range while there is nothing to show."""
    if scale != "one":
        return {"range": None, "note": NOTES[scale if isinstance(scale, str) else "row"]}
    vmax = max((top for line in tops for top in line), default=0.0)
    ends = BOTH_SIGNS if signed else None
    shown = {"vmin": -vmax if signed else 0.0, "vmax": vmax, "label": label, "ends": ends}
    return {"range": shown if vmax > 0 else None, "note": ""}
