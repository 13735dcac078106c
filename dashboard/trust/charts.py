"""The small pictures of the Trust card: curves against chance, the twins' maps, where the map wavers."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from dashboard.drawing import picture_of_result
from dashboard.trust.checks import Subject
from dashboard.trust.words import signed
from dashboard.viewer import Tile, gallery
from xai_core.evaluation.faithfulness import Faithfulness, Trial
from xai_core.evaluation.perturbation import Curve
from xai_core.evaluation.randomisation import Cascade
from xai_core.evaluation.specificity import Specificity
from xai_core.evaluation.stability import Stability
from xai_core.models.class_names import short_name
from xai_core.render.scale import shown

GREY = "#8a9aa0"
TITLES = {"deletion": "Painted grey, the highest first", "insertion": "Brought back from a blur, the highest first"}


def curves(found: Faithfulness, _subject: Subject) -> None:
    """Deletion and insertion side by side: this map, three random ones, the middle."""
    for column, trial, good in zip(st.columns(2), (found.deletion, found.insertion), ("low", "high"), strict=True):
        with column:
            st.caption(f"{TITLES[trial.own.kind]}: a good map's curve is {good}.")
            _figure(trial)


def _figure(trial: Trial) -> None:
    figure = go.Figure([_line(trial.own, "this map", width=3), _line(trial.centre, "middle", dash="dash")])
    for number, curve in enumerate(trial.random):
        figure.add_trace(_line(curve, "random maps", colour=GREY, width=1, legend=number == 0))
    figure.update_layout(
        height=230,
        margin={"l": 0, "r": 16, "t": 8, "b": 0},
        xaxis={"title": "share of the picture", "tickformat": ".0%", "range": [0, 1]},
        yaxis={"title": "probability", "tickformat": ".0%", "rangemode": "tozero"},
        legend={"orientation": "h", "y": 1.12, "x": 0},
    )
    st.plotly_chart(
        figure,
        key=f"trust_{trial.own.kind}",
        config={"displayModeBar": False},
        alt=f"Probability of the class under {trial.own.kind}: this map, random maps and the middle",
    )


def _line(
    curve: Curve, name: str, *, width: int = 2, dash: str = "solid", colour: str | None = None, legend: bool = True
) -> go.Scatter:
    return go.Scatter(
        x=curve.fractions,
        y=curve.probabilities,
        name=name,
        mode="lines",
        legendgroup=name,
        showlegend=legend,
        line={"width": width, "dash": dash, "color": colour},
        hovertemplate="%{x:.0%}: %{y:.1%}",
    )


def twins(found: Cascade, subject: Subject) -> None:
    """This map beside those of the twins: the classifier gone, half of the network gone, everything gone."""
    steps = found.steps
    picked = {0: "classifier forgot", (len(steps) - 1) // 2: "upper half forgot", len(steps) - 1: "all forgot"}
    named = [
        Tile(f"{name}: {signed(steps[at].similarity.rank_correlation)}", *_scaled(steps[at].values, subject))
        for at, name in picked.items()
    ]
    _row([Tile("this map", *_scaled(subject.values, subject)), *named], subject, "trust_twins")


def others(found: Specificity, subject: Subject) -> None:
    """This map beside those of other classes."""
    named = [
        Tile(
            f"{short_name(other.name)}: {signed(other.similarity.rank_correlation)}",
            *_scaled(other.values, subject),
        )
        for other in (found.runner_up, *found.random)
    ]
    _row([Tile("this map", *_scaled(subject.values, subject)), *named], subject, "trust_classes")


def wavering(found: Stability, subject: Subject) -> None:
    """This map, and where it changes most."""
    spread = Tile("where it changes most", found.spread, float(found.spread.max()))
    _row([Tile("this map", *_scaled(subject.values, subject)), spread], subject, "trust_spread")


def _scaled(values: np.ndarray, subject: Subject) -> tuple[np.ndarray, float]:
    drawn, _, high = shown(values, "for", pixels=subject.pixels)
    return drawn, high


def _row(tiles: list[Tile], subject: Subject, key: str) -> None:
    picture = picture_of_result(subject.traced.image, subject.result)
    gallery(picture, tiles, selected="this map", key=key, settings_of="explain_viewer")
