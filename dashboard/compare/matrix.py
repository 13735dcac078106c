"""Classes down, methods or layers across, on one scale: filled a little more with every run of the fragment."""

import time
from dataclasses import replace

import numpy as np
import streamlit as st

from dashboard.compare.pane_answers import Answer
from dashboard.core import state
from dashboard.core.failures import foreign_refused
from dashboard.core.plain_text import class_in_prose, in_prose
from dashboard.core.session import WidgetKey
from dashboard.core.state import Selection
from dashboard.shared import compare_panes as panes
from dashboard.shared import explanations
from dashboard.shared.components.viewer import MatrixOptions, Table, matrix
from dashboard.shared.drawing import tile_of_result
from dashboard.shared.one_of import one_of
from xai_core.attribution.catalog import DEFAULT, METHODS, find_method
from xai_core.attribution.explain import ImageForwardPass
from xai_core.errors import SightlineError
from xai_core.render.recipe import said
from xai_core.render.scale import shown
from xai_core.types import Explanation

SLICE_S = 0.6  # how long one run computes before it shows what it has
PAUSE_S = 0.2
MAPS = "compare_maps"  # the key of the container with both panes
SHOWN = WidgetKey("compare_show_matrix", False)
Column = tuple[str, Selection, str]


def matrix_section(image_pass: ImageForwardPass, class_index: int, layer: str, right: Answer) -> None:
    """Every answer at once. Moving on to anything else stops the computing; what is done is kept.

    right: what the right pane shows, which a click changes.
    """
    columns = _columns(image_pass, layer)
    rows = _classes(image_pass, class_index)
    _, _, missing = _fill(image_pass, rows, columns, 0.0)
    if missing:  # a fragment is run again by its timer; a click in it would not reach the rest of the page
        st.fragment(_table, run_every=PAUSE_S)(image_pass, rows, columns, right, True)
    else:
        _table(image_pass, rows, columns, right, False)


def _table(image_pass: ImageForwardPass, rows: list[int], columns: list[Column], right: Answer, filling: bool) -> None:
    """Compute a little, then show what there is; once all is there a last run of the page stops the timer."""
    cells, last, missing = _fill(image_pass, rows, columns, SLICE_S)
    if last is None:
        reasons = {cell for line in cells for cell in line if isinstance(cell, str)}
        st.info(in_prose(next(iter(reasons), "Computing …")))
        return
    names = [class_in_prose(image_pass.prediction.class_names[i]) for i in rows]
    matrix(
        tile_of_result(image_pass.image, last),
        Table(
            [
                f"{name}\n{said(image_pass.prediction.of(i), image_pass.prediction.answer)}"
                for name, i in zip(names, rows, strict=True)
            ],
            [title for title, _, _ in columns],
            _said_once(cells),
        ),
        MatrixOptions(
            settings_of="compare",
            scale="column" if len({chosen.method for _, chosen, _ in columns}) > 1 else "one",
            signed=state.selection().evidence == "both",
            selected=_place(image_pass, rows, columns, right),
            reveal=MAPS,
        ),
        key="compare_matrix",
        on_choose=None if missing else lambda row, column: _choose(rows[row], columns[column]),
    )
    if filling and not missing:
        st.rerun()
    if missing:
        st.caption("Computing …")
        return
    st.caption(f"Click a tile to see it in the right pane, which now shows {_in_words(right)}.")
    if len({chosen.method for _, chosen, _ in columns}) > 1:
        st.caption("Values of different methods have different units.")


def _place(
    image_pass: ImageForwardPass, rows: list[int], columns: list[Column], right: Answer
) -> tuple[int, int] | None:
    """The tile that stands in the right pane, if one does."""
    if (
        right.result is None
        or right.image.digest != image_pass.image.digest
        or right.selection.model != image_pass.model.config.key
    ):
        return None
    shown = (right.selection.method, right.selection.settings, right.layer)
    places = [i for i, (_, chosen, layer) in enumerate(columns) if (chosen.method, chosen.settings, layer) == shown]
    (class_index,) = right.result.classes
    return (rows.index(class_index), places[0]) if places and class_index in rows else None


def _in_words(right: Answer) -> str:
    title = find_method(right.selection.method).title
    if right.result is None:
        return f"why {title} has no map there"
    return f"**{title}** for **{class_in_prose(right.result.class_names[0])}** at {in_prose(right.layer)}"


def _columns(image_pass: ImageForwardPass, layer: str) -> list[Column]:
    across = one_of("Across", {"Methods": "Methods", "Layers": "Layers"}, "Methods", "matrix_across")
    if across == "Layers":
        chosen = state.selection()
        if find_method(chosen.method).target == "pixel":
            chosen = replace(chosen, method=DEFAULT, settings=())
        st.caption(f"Method: {find_method(chosen.method).title}")
        return [(name, replace(chosen, layer=name), name) for name in image_pass.forward_pass.activations]
    at_layers = [m for m in METHODS if m.target == "layer"]
    slow = st.toggle(
        "Slow methods too",
        key="matrix_slow",
        persist_state="session",
        help=f"{', '.join(m.title for m in at_layers if m.slow)}: many passes for each class.",
    )
    offered = [m for m in at_layers if slow or not m.slow]
    return [(m.title, replace(state.selection(), method=m.key, settings=()), layer) for m in offered]


def _classes(image_pass: ImageForwardPass, class_index: int) -> list[int]:
    """The five most probable classes, and the chosen one if it is none of them."""
    best = [scored.index for scored in image_pass.prediction.top(5)]
    return best if class_index in best else [class_index, *best]


def _fill(
    image_pass: ImageForwardPass, rows: list[int], columns: list[Column], seconds: float
) -> tuple[list[list[np.ndarray | str | None]], Explanation | None, bool]:
    """The table with what is known or computed within `seconds`, one result, and whether cells are missing."""
    end, last, missing = time.monotonic() + seconds, None, False
    cells: list[list[np.ndarray | str | None]] = []
    for class_index in rows:
        cells.append([])
        for _, chosen, layer in columns:
            try:
                with foreign_refused():
                    found = explanations.known(image_pass, chosen, class_index, layer)
                    if found is None and time.monotonic() < end:
                        found = explanations.explanation(image_pass, chosen, class_index, layer, on_stop=_hide)
            except SightlineError as reason:
                cells[-1].append(str(reason))
                continue
            last, missing = found or last, missing or found is None
            cells[-1].append(None if found is None else shown(found.maps[layer][0], chosen.evidence)[0])
    return cells, last, missing


def _said_once(cells: list[list[np.ndarray | str | None]]) -> list[list[np.ndarray | str | None]]:
    """Of a reason that holds for every class, only the first is spelt out."""
    shared = [isinstance(top, str) and all(line[at] == top for line in cells) for at, top in enumerate(cells[0])]
    later = [["as above" if same else cell for same, cell in zip(shared, line, strict=True)] for line in cells[1:]]
    return [cells[0], *later]


def _hide() -> None:
    SHOWN.set(False)


def _choose(class_index: int, column: Column) -> None:
    _, chosen, layer = column
    panes.change("b", model=None, image=None, class_index=class_index)
    panes.change("b", method=chosen.method, settings=chosen.settings, layer=layer)
