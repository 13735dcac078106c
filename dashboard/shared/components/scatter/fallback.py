"""The map as a Plotly chart: for three dimensions, and for a browser that has no WebGL2 (remote desktops)."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from dashboard.core.session import widget_value
from dashboard.shared.components.scatter.area import Area
from dashboard.shared.components.scatter.colours import RAMP, Colours
from dashboard.shared.components.scatter.records import Cloud, CurrentPoint, ScatterOptions
from xai_core.errors import SettingError

MOST_POINTS = 10_000  # Plotly sends back every point of a lasso, and slows down with more


def sample_of(count: int, most: int = MOST_POINTS) -> np.ndarray:
    """int (at most `most`,): indices of points, the same ones every time, in rising order."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(0).choice(count, most, replace=False))


def plotly_scatter(
    xy: np.ndarray,
    colours: Colours,
    *,
    dark: bool,
    texts: Sequence[str] | None = None,
    current_point: CurrentPoint | None = None,
) -> go.Figure:
    """A flat chart of (n, 2) points; byte-stable: the same input gives the same JSON, so a selection is kept.

    texts: n short texts for the pointer. Each point carries its index as `customdata`. Above 10 000 points a sample
    is shown. It draws SVG up to 1 500 points a class and needs no WebGL.
    """
    figure = go.Figure(_traces(xy, colours, dark, texts, go.Scatter))
    if current_point:
        marker = {"symbol": "star", "size": 16, "color": "#e2eaeb" if dark else "#0c191d"}
        figure.add_trace(
            go.Scatter(
                x=[current_point.x], y=[current_point.y], mode="markers", marker=marker, name=current_point.label
            )
        )
    axis = {"visible": False}
    figure.update_layout(xaxis=axis, yaxis=axis | {"scaleanchor": "x"}, dragmode="lasso", **_layout(colours))
    return figure


def plotly_scatter_3d(
    xyz: np.ndarray, colours: Colours, *, dark: bool, texts: Sequence[str] | None = None
) -> go.Figure:
    """A chart of (n, 3) points that can be turned; byte-stable, a sample above 10 000 points; it needs WebGL."""
    figure = go.Figure(_traces(xyz, colours, dark, texts, go.Scatter3d))
    axis = {"showbackground": False, "showticklabels": False, "title": "", "showspikes": False}
    figure.update_layout(scene={f"{name}axis": axis for name in "xyz"} | {"aspectmode": "data"}, **_layout(colours))
    return figure


def _layout(colours: Colours) -> dict[str, Any]:
    legend = {"title": {"text": colours.label}, "itemsizing": "constant"}
    # The same revision keeps zoom, turn and hidden classes when the page runs again.
    return {"legend": legend, "margin": dict.fromkeys("ltrb", 0), "uirevision": "map", "hovermode": "closest"}


def _traces(
    places: np.ndarray, colours: Colours, dark: bool, texts: Sequence[str] | None, kind: type[go.Scatter | go.Scatter3d]
) -> list[Any]:
    """A trace a class, Plotly's word for a series; a continuous scale is one trace with its bar."""
    axes, size = ("xyz", 3) if kind is go.Scatter3d else ("xy", 7)
    if places.ndim != 2 or places.shape[1] != len(axes) or len(places) != len(colours.codes):
        raise SettingError(f"The points are {places.shape}; give ({len(colours.codes)}, {len(axes)}), one a colour.")
    shown = sample_of(len(places))
    codes, table = colours.codes[shown], colours.dark if dark else colours.light
    named = [(entry.name, codes == entry.code, _css(table[entry.code])) for entry in colours.entries]
    if colours.ends:
        named.insert(0, (colours.label, codes != RAMP, ""))
    traces = []
    for name, mask, colour in named:
        which = shown[mask]
        marker = {"size": size, "opacity": 0.85} | ({"color": colour} if colour else _ramp(codes[mask], colours, table))
        traces.append(
            kind(
                **{axis: places[which, i].astype(np.float32) for i, axis in enumerate(axes)},
                mode="markers",
                name=name,
                marker=marker,
                customdata=which,
                text=None if texts is None else [texts[i] for i in which],
                hovertemplate=("%{text}<br>" if texts is not None else "") + f"{_plain(name)}<extra></extra>",
                showlegend=bool(colour),
            )
        )
    return traces


def _ramp(codes: np.ndarray, colours: Colours, table: np.ndarray) -> dict[str, Any]:
    low, high = colours.ends or (0.0, 1.0)
    values = low + (high - low) * codes.astype(np.float32) / (RAMP - 1)
    scale = [[i / 16, _css(table[round(i * (RAMP - 1) / 16)])] for i in range(17)]
    return {"color": values, "cmin": low, "cmax": high, "colorscale": scale, "colorbar": {"title": colours.label}}


def _css(colour: np.ndarray) -> str:
    return "rgb({}, {}, {})".format(*(int(part) for part in colour))


def _plain(name: str) -> str:
    """A class's name may hold what Plotly reads as markup or as a template."""
    return name.replace("&", "&amp;").replace("<", "&lt;").replace("%{", "% {")


def draw_with_plotly(
    cloud: Cloud,
    colours: Colours,
    options: ScatterOptions,
    key: str,
    on_point: Callable[[int], None] | None,
    on_area: Callable[[Area], None] | None,
) -> None:
    """The flat chart with the callbacks of `scatter`."""

    def told() -> None:
        chosen = widget_value(f"{key}-plotly").selection
        area = plotly_area(chosen)
        if area is not None and on_area:
            on_area(area)
        elif area is None and on_point and len(chosen["points"]) == 1 and "customdata" in chosen["points"][0]:
            on_point(int(np.ravel(chosen["points"][0]["customdata"])[0]))

    dark = st.context.theme.type == "dark"
    st.caption(fallback_words(len(cloud)))
    figure = plotly_scatter(cloud.xy, colours, dark=dark, current_point=options.current_point)
    st.plotly_chart(figure, key=f"{key}-plotly", height=options.height, on_select=told)


def fallback_words(count: int) -> str:
    """Why this is another chart, and what it leaves out."""
    reason = "This browser has no WebGL2, so the map is a simpler chart."
    return reason if count <= MOST_POINTS else f"{reason} It shows {MOST_POINTS:,} of {count:,} points, drawn by lot."


def plotly_area(selection: Any) -> Area | None:
    """The lasso or box of a Plotly selection, in the coordinates of the points."""
    for shape in [*selection.get("lasso", []), *selection.get("box", [])]:
        x, y = np.array(shape["x"], float), np.array(shape["y"], float)
        if len(x) == 2:
            x, y = x[[0, 1, 1, 0]], y[[0, 0, 1, 1]]
        return Area(np.column_stack([x, y]), "replace")
    return None
