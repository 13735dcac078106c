"""The selected pictures: a filmstrip beside the map, and below it the mix of classes, the mean map and the export."""

import io
import zipfile
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from dashboard.map import map_choice
from dashboard.map.image_detail import tile
from dashboard.map.map_descriptions import cell, mix_in_words
from dashboard.map.mean_map import mean_map
from dashboard.map.table import Space
from dashboard.shared.components.choices import choices
from xai_core.errors import ImageError
from xai_core.images.display import display_pixels
from xai_core.report.csv_table import csv_table

FILM = 24
FILM_ROW = 118  # CSS pixels: the first row and the edge of the next, while a picture is open below it
MOST_IN_ZIP = 500
MOST_CLASSES = 12
COLUMNS = ("name", "label", "prediction", "probability", "loss", "x", "y")


def selection(space: Space) -> None:
    """Beside the map once a lasso was drawn: how many, of what, and the pictures."""
    chosen = map_choice.current(space)
    if chosen.selected is None:
        return
    rows = np.flatnonzero(chosen.selected)
    with st.container(horizontal=True, vertical_alignment="center"):
        many = "picture" if len(rows) == 1 else "pictures"
        st.subheader(f"{len(rows):,} selected {many}", anchor=False, width="content")
        st.button("Clear", type="tertiary", on_click=map_choice.change, kwargs={"selected": None})
    st.caption(mix_in_words(*_counts(space, rows), len(rows)))
    strip = rows[np.linspace(0, len(rows) - 1, min(FILM, len(rows))).round().astype(int)]
    with st.container(height="content" if chosen.open is None else FILM_ROW, border=False):
        choices(
            [tile(space.table, int(row)) for row in strip],
            selected=None if chosen.open is None else str(chosen.open),
            label="Selected pictures",
            look="tiles",
            key="space_film",
            on_choose=lambda id: map_choice.open_image(int(id)),
        )


def about_selection(space: Space, points: np.ndarray) -> None:
    """Below the map: the selection as a table, as a mean map, and to take away."""
    mask = map_choice.current(space).selected
    if mask is None:
        return
    rows = np.flatnonzero(mask)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("About the selection", anchor=False, width="content")
        _exports(space, rows, points)
    mix, mean = st.columns(2, gap="large")
    with mix:
        _mix(space, rows)
    with mean:
        mean_map(space, rows)


def as_csv(space: Space, rows: np.ndarray, points: np.ndarray) -> str:
    """A line a picture, with its place on the map and the other columns of the pictures' list."""
    table, listed = space.table, space.request.dataset.columns
    own_columns = [*COLUMNS, "z"][: len(COLUMNS) + points.shape[1] - 2]

    def line(row: int) -> list[object]:
        label = int(table.labels[row])
        own = [
            table.names[row],
            table.class_names[label] if label >= 0 else "",
            table.model_classes[table.predictions[row]] if table.classified else "",
            f"{table.probabilities[row]:.6g}" if table.classified else "",
            "" if np.isnan(table.losses[row]) else f"{table.losses[row]:.6g}",
        ]
        more = [cell(values[table.items[row]]) for values in listed.values()]
        return [*own, *(f"{place:.6g}" for place in points[row]), *more]

    head = [*own_columns, *(f"{name} (list)" if name in own_columns else name for name in listed)]
    return csv_table(head, map(line, rows.tolist()))


def as_zip(space: Space, rows: np.ndarray, points: np.ndarray) -> bytes:
    """The list and the pictures as PNG, at most MOST_IN_ZIP; what can no longer be read is named in missing.txt."""
    data, missing = io.BytesIO(), []
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("selection.csv", as_csv(space, rows, points), zipfile.ZIP_DEFLATED)
        for row in rows[:MOST_IN_ZIP].tolist():
            number = int(space.table.items[row])
            try:
                image = io.BytesIO()
                Image.fromarray(display_pixels(space.request.dataset.load(number))).save(image, "PNG")
            except ImageError as error:
                missing.append(f"{space.table.names[row]}: {error}")
                continue
            folder = space.request.dataset.class_name(number) or "pictures"
            archive.writestr(f"{_safe(folder)}/{number:07d}.png", image.getvalue())
        if missing:
            archive.writestr("missing.txt", "\n".join(missing))
    return data.getvalue()


def _safe(name: str) -> str:
    """A folder's name without what leads elsewhere."""
    return "".join(sign if sign.isalnum() or sign in " _-" else "_" for sign in name).strip() or "class"


def _exports(space: Space, rows: np.ndarray, points: np.ndarray) -> None:
    st.download_button(
        "CSV",
        partial(as_csv, space, rows, points),
        "selection.csv",
        "text/csv",
        key="space_csv",
        icon=":material/download:",
    )
    st.download_button(
        "Zip",
        partial(as_zip, space, rows, points),
        "selection.zip",
        "application/zip",
        icon=":material/folder_zip:",
        help=f"The list and the pictures, at most {MOST_IN_ZIP}.",
    )


def _counts(space: Space, rows: np.ndarray) -> tuple[list[str], list[int]]:
    """The classes of these pictures by label, else by prediction, and how many each has; most first."""
    table = space.table
    codes, names = (table.labels, table.class_names) if space.labelled else (table.predictions, table.model_classes)
    counts = np.bincount(codes[rows][codes[rows] >= 0], minlength=len(names))
    order = [i for i in np.argsort(-counts, kind="stable") if counts[i]]
    return [names[i] for i in order], [int(counts[i]) for i in order]


def _mix(space: Space, rows: np.ndarray) -> None:
    """Which classes are in it."""
    names, counts = _counts(space, rows)
    st.markdown("**Class mix**" if space.labelled else "**Mix of predictions**")
    frame = pd.DataFrame(
        {
            "class": names[:MOST_CLASSES],
            "pictures": counts[:MOST_CLASSES],
            "share": [100 * count / len(rows) for count in counts[:MOST_CLASSES]],
        }
    )
    bar = st.column_config.ProgressColumn("share", min_value=0, max_value=100, format="%.1f %%")
    st.dataframe(frame, hide_index=True, column_config={"share": bar}, height="content")
