"""The bench's table as a chart: a line a method, a dot a stage, bars for the intervals, grey for blind guesses."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from dashboard.bench.task_descriptions import MEASURES
from xai_core.evaluation.planted.bench import Row
from xai_core.evaluation.planted.network import STAGES
from xai_core.render.recipe import percent

COLOURS = {STAGES[0]: "#8ec3d6", STAGES[1]: "#2f8fb3", STAGES[2]: "#0d4f66", "": "#d9822b"}
NAMES = {STAGES[0]: "early stage", STAGES[1]: "middle stage", STAGES[2]: "last stage", "": "pixels"}
GREY = "#8a9aa0"


def methods(rows: Sequence[Row], measure: str) -> None:
    """The best method on top."""
    best: dict[str, float] = {}
    for row in rows:
        best[row.title] = max(best.get(row.title, 0.0), getattr(row, measure)[0])
    order = sorted(best, key=best.__getitem__)
    figure = go.Figure()
    for stage in COLOURS:
        _dots(figure, [r for r in rows if r.stage == stage and not r.trivial], measure, NAMES[stage], COLOURS[stage])
    _dots(figure, [r for r in rows if r.trivial], measure, "knows nothing", GREY)
    figure.update_layout(
        height=60 + 26 * len(order),
        margin={"l": 0, "r": 16, "t": 8, "b": 0},
        xaxis={"range": [0, 1.01], "tickformat": ".0%", "side": "top", "fixedrange": True},
        yaxis={"categoryorder": "array", "categoryarray": order, "fixedrange": True},
        legend={"orientation": "h", "y": -0.02, "x": 0},
    )
    st.plotly_chart(
        figure,
        key="bench_chart",
        config={"displayModeBar": False},
        alt=f"{MEASURES[measure]} of every method; the best is {order[-1]}",
    )


def conclusion(rows: Sequence[Row], measure: str) -> str:
    """The chart in a sentence: the best, and those that are no better than the best map that knows nothing."""
    blind = max(getattr(row, measure)[2] for row in rows if row.trivial)
    methods = [row for row in rows if not row.trivial]
    best = max(methods, key=lambda row: getattr(row, measure)[0])
    ahead = {row.title for row in methods if getattr(row, measure)[1] > blind}
    behind = list(dict.fromkeys(row.title for row in methods if row.title not in ahead))
    where = f" at the {NAMES[best.stage]}" if best.stage else ""
    told = f"Best here: **{best.title}**{where}, {percent(getattr(best, measure)[0])}."
    if not behind:
        return f"{told} Every method beats the maps that know nothing at one stage at least."
    return f"{told} At no stage surely better than a map that knows nothing: **{', '.join(behind)}**."


def _dots(figure: go.Figure, rows: Sequence[Row], measure: str, name: str, colour: str) -> None:
    told = [getattr(row, measure) for row in rows]
    figure.add_trace(
        go.Scatter(
            x=[mean for mean, _, _ in told],
            y=[row.title for row in rows],
            mode="markers",
            name=name,
            marker={"color": colour, "size": 9},
            error_x={
                "array": [high - mean for mean, _, high in told],
                "arrayminus": [mean - low for mean, low, _ in told],
                "thickness": 1.5,
                "width": 0,
            },
            customdata=[(low, high) for _, low, high in told],
            hovertemplate="%{y}, " + name + ": %{x:.1%} (%{customdata[0]:.1%} to %{customdata[1]:.1%})<extra></extra>",
        )
    )


def table(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """One record a row, each figure with its interval."""
    return [
        {"Method": row.title, "Stage": "" if row.trivial else NAMES[row.stage]}
        | {title: _spelled(getattr(row, name)) for name, title in MEASURES.items()}
        for row in rows
    ]


def _spelled(told: tuple[float, float, float]) -> str:
    mean, low, high = told
    return f"{mean:.2f} ({low:.2f} to {high:.2f})"
