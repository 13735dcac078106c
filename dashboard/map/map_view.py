"""The map itself: points, signposts of the classes, what is said under the pointer, and the search."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from dashboard.core.session import widget_value
from dashboard.map import layouts, map_choice
from dashboard.map.layouts import Shown
from dashboard.map.map_cache import once
from dashboard.map.table import Space
from dashboard.shared.components.scatter import (
    Area,
    Cloud,
    Colours,
    CurrentPoint,
    ScatterOptions,
    Signpost,
    Tip,
    Tips,
    scatter,
    select,
)
from dashboard.shared.components.scatter.fallback import plotly_scatter_3d
from xai_core.embedding.classes import class_centres
from xai_core.models.class_names import plain
from xai_core.render.recipe import percent
from xai_core.types import FeatureTable

HEIGHT = 520
MOST_POSTS = 40


def map_view(
    space: Space, map: Shown, colours: Colours, found: np.ndarray | None, current_point: CurrentPoint | None
) -> None:
    """The scatter; clicks and lassos change the choice."""
    points = map.projection.points
    if points.shape[1] == 3:
        _turning(space, points, colours)
        return
    chosen = map_choice.current(space)
    cloud = layouts.cloud(map)

    def on_area(area: Area) -> None:
        mask = select(area, cloud, colours, chosen.selected)
        map_choice.change(selected=mask if mask.any() else None)

    scatter(
        cloud,
        colours,
        ScatterOptions(
            name=f"{layouts.TITLES[map.projection.method]} of {space.request.dataset.name}",
            description=_in_words(space, map),
            height=HEIGHT,
            selected=chosen.selected,
            highlighted=found,
            chosen=chosen.open,
            signposts=once(lambda: _signposts(space.table, cloud), "signposts", map.key),
            current_point=current_point,
            tips=Tips(lambda rows: _tips(space.table, rows), space.key),
        ),
        key="space_map",
        on_point=map_choice.open_image,
        on_area=on_area,
    )


def search(space: Space) -> np.ndarray | None:
    """bool (n,): the pictures whose name, label or prediction holds the text; None without a text."""
    text = st.text_input("Search", key="space_search", placeholder="name or class", persist_state="session")
    if not text.strip():
        return None
    found = once(lambda: _found(space.table, plain(text)), "found", space.key, plain(text))
    st.caption(f"{int(found.sum()):,} found, drawn with a rim." if found.any() else "Nothing found.")
    return found


def title_of(table: FeatureTable, row: int) -> str:
    """A picture by its label, else by its name."""
    label = int(table.labels[row])
    return table.class_names[label] if label >= 0 else str(table.names[row]).rpartition("/")[2]


def prediction_in_words(table: FeatureTable, row: int) -> str:
    if not table.classified:
        return "no class: the model tells none"
    return f"{table.model_classes[table.predictions[row]]}, {percent(float(table.probabilities[row]))}"


def _turning(space: Space, points: np.ndarray, colours: Colours) -> None:
    """Three dimensions, by Plotly."""
    texts = once(lambda: _texts(space.table), "texts", space.key)
    figure = plotly_scatter_3d(points, colours, dark=st.context.theme.type == "dark", texts=texts)

    def told() -> None:
        picked = widget_value("space_map_3d").selection["points"]
        if len(picked) == 1 and "customdata" in picked[0]:
            map_choice.open_image(int(np.ravel(picked[0]["customdata"])[0]))

    st.plotly_chart(figure, key="space_map_3d", height=HEIGHT, on_select=told)
    st.caption("Drag turns it. In 3-D there is no lasso, and the current picture is not drawn.")


def _texts(table: FeatureTable) -> list[str]:
    return [str(name).replace("<", "&lt;") for name in table.names]


def _found(table: FeatureTable, text: str) -> np.ndarray:
    by_label = np.array([text in plain(name) for name in table.class_names] + [False])
    by_prediction = np.array([text in plain(name) for name in table.model_classes])
    by_name = np.fromiter((text in plain(str(name)) for name in table.names), bool, len(table))
    found: np.ndarray = by_label[table.labels] | by_prediction[table.predictions] | by_name
    return found


def _signposts(table: FeatureTable, cloud: Cloud) -> tuple[Signpost, ...]:
    """Each class at the median of its points, with the picture nearest to its centre; the largest classes first."""
    if not table.class_names or not (table.labels >= 0).any():
        return ()
    rows = class_centres(table).rows
    sizes = np.bincount(table.labels[table.labels >= 0], minlength=len(rows))
    posts = []
    for label in np.argsort(-sizes, kind="stable")[:MOST_POSTS]:
        if rows[label] >= 0:
            x, y = np.median(cloud.xy[table.labels == label], axis=0)
            image = bytes(table.thumbnails[int(rows[label])])
            posts.append(Signpost(float(x), float(y), table.class_names[label], image))
    return tuple(posts)


def _tips(table: FeatureTable, rows: Sequence[int]) -> list[Tip]:
    return [
        Tip(
            title_of(table, row),
            (f"predicted {prediction_in_words(table, row)}", str(table.names[row])),
            bytes(table.thumbnails[row]),
        )
        for row in rows
    ]


def _in_words(space: Space, map: Shown) -> str:
    classes = f" in {len(space.table.class_names)} classes" if space.labelled else ""
    return (
        f"{len(space.table):,} pictures{classes} as points. Pictures that {space.request.model.config.title} takes for "
        f"alike lie near each other. {layouts.ABOUT[map.projection.method]}"
    )
