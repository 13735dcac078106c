"""The small pictures of the Trust card: curves against chance, the twins' maps, where the map wavers."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from dashboard.shared.components.viewer import Heat, Spot, Tile, gallery, viewer
from dashboard.shared.trust import words
from dashboard.shared.trust.checks import Subject
from xai_core.evaluation.faithfulness import Faithfulness, Trial
from xai_core.evaluation.parameter_randomisation import ParameterRandomisation
from xai_core.evaluation.perturbation import Curve
from xai_core.evaluation.resolution import Resolution
from xai_core.evaluation.rival_maps import PATCH
from xai_core.evaluation.road import Road
from xai_core.evaluation.specificity import Specificity
from xai_core.evaluation.stability import Stability
from xai_core.models.class_names import short_name
from xai_core.render.recipe import signed
from xai_core.render.scale import shown

GREY = "#8a9aa0"
CHART_WIDTH = 440
CALM, MIDDLE = "#7b5ea7", "#d9822b"
TITLES = {"deletion": "Painted grey, the highest first", "insertion": "Brought back from a blur, the highest first"}


def curves(found: Faithfulness, subject: Subject) -> None:
    """Deletion and insertion side by side: this map, three random ones, the middle."""
    if subject.pixels:
        st.caption(
            f"This map has a value for every pixel. It is tested in patches of {PATCH} × {PATCH} pixels, here and in "
            "the next check: scattered pixels torn out would break any picture, whatever they mean."
        )
    with st.container(horizontal=True, gap="medium"):  # one below the other where the card is narrow
        for trial, good in zip((found.deletion, found.insertion), ("low", "high"), strict=True):
            with st.container(width=CHART_WIDTH):
                st.caption(f"{TITLES[trial.own.kind]}: a good map's curve is {good}.")
                _trial(trial, subject)


def _trial(trial: Trial, subject: Subject) -> None:
    lines = [_line(trial.own, "this map", width=3), _line(trial.centre, "middle", dash="dash", colour=MIDDLE)]
    lines += [
        _line(curve, "random maps", colour=GREY, width=1, legend=number == 0)
        for number, curve in enumerate(trial.random)
    ]
    _figure(lines, f"{subject.place}_{trial.own.kind}", f"under {trial.own.kind}")


def removal(found: Road, subject: Subject) -> None:
    """What is left when the highest places go, and when the lowest go, with the gaps filled in."""
    st.caption("What is left of the class. A good map has its two lines far apart.")
    start = (0.0, *found.shares)

    def line(values: np.ndarray, name: str, **style: Any) -> go.Scatter:
        return _points(np.array(start), np.concatenate([[found.probability], values]), name, **style)

    lines = [
        line(found.own.most, "highest places of this map gone", width=3),
        line(found.own.least, "its lowest gone", width=3, colour=CALM),
        line(found.centre.most, "middle gone", dash="dash", colour=MIDDLE),
    ]
    lines += [
        line(row, "random places gone", colour=GREY, width=1, legend=n == 0) for n, row in enumerate(found.random)
    ]
    _figure(lines, f"{subject.place}_removal", "as places are removed and filled in")


def to_scale(found: Resolution, subject: Subject) -> None:
    """The map with one cell and what that cell sees, drawn to scale."""
    values, vmax = _scaled(subject.values, subject)
    row, column = found.strongest
    viewer(
        subject.image,
        Heat(values, vmax, "evidence for", subject.layer, "the map on its own grid"),
        key=f"{subject.place}_grid",
        caption=words.scale_caption(found),
        settings_of=subject.settings_of,
        compact=True,
        height=320,
        spot=None if found.field is None else Spot(row, column, found.field),
    )


def _figure(lines: list[go.Scatter], key: str, alt: str) -> None:
    _drawn(
        go.Figure(lines),
        {"title": "share of the picture", "tickformat": ".0%", "range": [0, 1]},
        {"title": "probability", "tickformat": ".0%", "range": [0, 1.03]},
        key,
        f"Probability of the class {alt}: this map, random maps and the middle",
    )


def _drawn(figure: go.Figure, x: dict[str, Any], y: dict[str, Any], key: str, alt: str) -> None:
    figure.update_layout(
        height=250,
        margin={"l": 0, "r": 16, "t": 8, "b": 0},
        xaxis=x,
        yaxis=y,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
    )
    st.plotly_chart(figure, key=key, config={"displayModeBar": False}, alt=alt)


def _line(curve: Curve, name: str, **style: Any) -> go.Scatter:
    return _points(curve.fractions, curve.probabilities, name, **style)


def _points(
    x: np.ndarray,
    y: np.ndarray,
    name: str,
    *,
    width: int = 2,
    dash: str = "solid",
    colour: str | None = None,
    legend: bool = True,
) -> go.Scatter:
    return go.Scatter(
        x=x,
        y=y,
        name=name,
        mode="lines",
        legendgroup=name,
        showlegend=legend,
        line={"width": width, "dash": dash, "color": colour},
        hovertemplate="%{x:.0%}: %{y:.1%}",
    )


def twins(found: ParameterRandomisation, subject: Subject) -> None:
    """This map beside those of the twins: the classifier gone, half of the network gone, everything gone."""
    steps = found.steps
    picked = {0: "classifier forgot", (len(steps) - 1) // 2: "upper half forgot", len(steps) - 1: "all forgot"}
    named = [
        Tile(f"{name}: {signed(steps[at].similarity.rank_correlation)}", *_scaled(steps[at].values, subject))
        for at, name in picked.items()
    ]
    _row([Tile("this map", *_scaled(subject.values, subject)), *named], subject, "twins")
    _every_step(found, subject)


def _every_step(found: ParameterRandomisation, subject: Subject) -> None:
    """Rank correlation and structural similarity with this map, as more and more is forgotten."""
    names = [f"{step.share:.0%}" for step in found.steps]
    down_to = [step.down_to for step in found.steps]
    st.caption(
        "At every step: how alike the twin's map is. A map that needs the network falls to 0. Forgotten down to: "
        f"{', '.join(f'{to} ({share})' for to, share in zip(down_to, names, strict=True))}."
    )
    likeness = {
        "rank correlation": [step.similarity.rank_correlation for step in found.steps],
        "structural similarity": [step.similarity.ssim for step in found.steps],
    }
    figure = go.Figure(
        [
            go.Scatter(
                x=names, y=values, name=name, mode="lines+markers", text=down_to, hovertemplate="%{text}: %{y:.2f}"
            )
            for name, values in likeness.items()
        ]
    )
    told = "; ".join(f"{step.share:.0%} {signed(step.similarity.rank_correlation)}" for step in found.steps)
    _drawn(
        figure,
        {"title": "share of the stages forgotten, from the classifier down", "type": "category"},
        {"title": "likeness", "range": [-1.05, 1.05]},
        f"{subject.place}_steps",
        f"Rank correlation with the map of a network that forgot more and more: {told}",
    )


def others(found: Specificity, subject: Subject) -> None:
    """This map beside those of other classes."""
    named = [
        Tile(
            f"{short_name(other.name)}: {signed(other.similarity.rank_correlation)}",
            *_scaled(other.values, subject),
        )
        for other in (found.runner_up, *found.random)
    ]
    _row([Tile("this map", *_scaled(subject.values, subject)), *named], subject, "classes")


def wavering(found: Stability, subject: Subject) -> None:
    """This map, and where it changes most."""
    spread = Tile("where it changes most", found.spread, float(found.spread.max()))
    _row([Tile("this map", *_scaled(subject.values, subject)), spread], subject, "spread")
    told = (f"{answer.name} {signed(answer.similarity.rank_correlation)}" for answer in found.answers)
    st.caption(f"Rank correlation under each change: {', '.join(told)}.")


def _scaled(values: np.ndarray, subject: Subject) -> tuple[np.ndarray, float]:
    drawn, _, high = shown(values, "for", pixels=subject.pixels)
    return drawn, high


def _row(tiles: list[Tile], subject: Subject, key: str) -> None:
    gallery(subject.image, tiles, selected="this map", key=f"{subject.place}_{key}", settings_of=subject.settings_of)
