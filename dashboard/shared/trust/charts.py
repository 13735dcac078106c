"""What a check draws, on the screen: its curves, maps beside the one under test, that map to scale."""

from typing import Any, assert_never

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from dashboard.shared.components.viewer import GalleryOptions, Heat, Spot, Tile, ViewerOptions, gallery, viewer
from dashboard.shared.trust.subject import Subject
from xai_core.evaluation.check import Axis, Beside, Curves, Drawing, Line, MapRow, NamedMap, Note, ToScale
from xai_core.render.scale import shown

CHART_WIDTH = 440
GREY, CALM, MIDDLE = "#8a9aa0", "#7b5ea7", "#d9822b"
STYLES: dict[str, dict[str, Any]] = {  # by the line's role
    "own": {"width": 3, "dash": "solid", "color": None},
    "opposite": {"width": 3, "dash": "solid", "color": CALM},
    "middle": {"width": 2, "dash": "dash", "color": MIDDLE},
    "chance": {"width": 1, "dash": "solid", "color": GREY},
}


def draw(drawing: Drawing, subject: Subject) -> None:
    match drawing:
        case Note(text):
            st.caption(text)
        case Curves():
            _curves(drawing, subject)
        case Beside(several):
            with st.container(horizontal=True, gap="medium"):  # one below the other where the card is narrow
                for one in several:
                    with st.container(width=CHART_WIDTH):
                        _curves(one, subject)
        case MapRow(key, maps):
            _row(key, maps, subject)
        case ToScale():
            _to_scale(drawing, subject)
        case _:
            assert_never(drawing)


def _curves(drawing: Curves, subject: Subject) -> None:
    st.caption(drawing.caption)
    names = [line.name for line in drawing.lines]
    figure = go.Figure([_trace(line, line.name not in names[:at]) for at, line in enumerate(drawing.lines)])
    figure.update_layout(
        height=250,
        margin={"l": 0, "r": 16, "t": 8, "b": 0},
        xaxis=_axis(drawing.x),
        yaxis=_axis(drawing.y),
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
    )
    key = f"{subject.place}_drawn_{drawing.key}"
    st.plotly_chart(figure, key=key, config={"displayModeBar": False}, alt=drawing.alt)


def _trace(line: Line, first: bool) -> go.Scatter:
    """first: no line of this name came before, so that this one stands in the legend."""
    if line.role == "measure":
        hover = "%{text}: %{y:.2f}"
        return go.Scatter(
            x=line.x, y=line.y, name=line.name, mode="lines+markers", text=line.points, hovertemplate=hover
        )
    return go.Scatter(
        x=line.x,
        y=line.y,
        name=line.name,
        mode="lines",
        legendgroup=line.name,
        showlegend=first,
        line=STYLES[line.role],
        hovertemplate="%{x:.0%}: %{y:.1%}",
    )


def _axis(axis: Axis) -> dict[str, Any]:
    kind = {"share": {"tickformat": ".0%"}, "name": {"type": "category"}, "number": {}}[axis.kind]
    return {"title": axis.title, **kind, **({} if axis.ends is None else {"range": axis.ends})}


def _row(key: str, maps: tuple[NamedMap, ...], subject: Subject) -> None:
    drawn = [
        Tile(one.name, *(_scaled(one.values, subject) if one.top is None else (one.values, one.top))) for one in maps
    ]
    gallery(
        subject.image,
        [Tile("this map", *_scaled(subject.values, subject)), *drawn],
        "this map",
        GalleryOptions(settings_of=subject.settings_of),
        key=f"{subject.place}_drawn_{key}",
    )


def _to_scale(drawing: ToScale, subject: Subject) -> None:
    values, vmax = _scaled(subject.values, subject)
    viewer(
        subject.image,
        Heat(values, vmax, "evidence for", subject.layer, "the map on its own grid"),
        ViewerOptions(
            caption=drawing.caption,
            settings_of=subject.settings_of,
            compact=True,
            height=320,
            spot=None if drawing.sees is None else Spot(drawing.row, drawing.column, drawing.sees),
        ),
        key=f"{subject.place}_drawn_{drawing.key}",
    )


def _scaled(values: np.ndarray, subject: Subject) -> tuple[np.ndarray, float]:
    drawn, _, high = shown(values, "for", pixels=subject.pixels)
    return drawn, high
