"""The picture of a series: each slice's probabilities and evidence, and which slices are unlike the training data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.mri.reading import Reading, model
from xai_core.models.sources.brain_mri import known_slices

_COLOURS = ("#c9781a", "#2a98ef", "#7f8c8d", "#12a872")  # one a diagnosis, told apart on light and dark
_LESION = "#19a552"
_BETWEEN = 0.36  # of the height: the gap between the two charts
_SHADES = (0.12, 0.36)  # of slices beyond 95 % and 99 % of held-out ones


def figure(
    readings: Mapping[int, Reading],
    shares: np.ndarray,
    class_index: int,
    here: int,
    count: int,
    lesion: Sequence[int] = (),
) -> go.Figure:
    """Lines of probability above, bars of evidence below, one x a slice, unfamiliar ones shaded. lesion: the slices in
    which one is known to lie, under a line of the outline's colour."""
    numbers = [index + 1 for index in readings]
    made = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.65, 0.35], vertical_spacing=0.06)
    for k, name in enumerate(model().config.class_names):
        values = [100 * float(reading.prediction.probabilities[k]) for reading in readings.values()]
        line = {"color": _COLOURS[k], "width": 3 if k == class_index else 1.5}
        made.add_scatter(
            x=numbers, y=values, name=name, mode="lines+markers", line=line, marker={"size": 4}, row=1, col=1,
            hovertemplate="slice %{x}: %{y:.1f} %",
        )  # fmt: skip
    made.add_bar(
        x=numbers, y=100 * shares, marker_color=_COLOURS[class_index], showlegend=False, row=2, col=1,
        hovertemplate="slice %{x}: %{y:.1f} % of the evidence<extra></extra>",
    )  # fmt: skip
    for indices, opacity in zip(unfamiliar(readings), _SHADES, strict=True):
        for start, end in runs([index + 1 for index in indices]):
            made.add_vrect(x0=start - 0.5, x1=end + 0.5, fillcolor="#808080", opacity=opacity, line_width=0)
    for start, end in runs([index + 1 for index in lesion]):
        made.add_shape(
            type="line", x0=start - 0.5, x1=end + 0.5, y0=_BETWEEN, y1=_BETWEEN, yref="paper",
            line={"color": _LESION, "width": 5},
        )  # fmt: skip
        made.add_annotation(x=end + 1, y=_BETWEEN, yref="paper", xanchor="left", text="lesion", showarrow=False)
    made.add_vline(x=here + 1, line_width=1.5, line_dash="dot")
    made.update_yaxes(title_text="Probability", range=[-2, 102], ticksuffix=" %", row=1, col=1)
    made.update_yaxes(title_text="Evidence", ticksuffix=" %", nticks=3, row=2, col=1)
    made.update_xaxes(range=[0.5, count + 0.5])
    made.update_xaxes(title_text="Slice", row=2, col=1)
    made.update_layout(
        margin={"l": 8, "r": 8, "t": 8, "b": 8}, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"}, bargap=0.1
    )
    return made


def unfamiliar(readings: Mapping[int, Reading]) -> tuple[list[int], list[int]]:
    """The slices beyond 95 % of held-out ones in distance, but not 99 %, and those beyond 99 %: numbers from 0."""
    far = [index for index, reading in readings.items() if reading.familiarity.distance > known_slices().far_limit]
    rather = [i for i, reading in readings.items() if not reading.familiarity.familiar and i not in set(far)]
    return rather, far


def shading_in_words(readings: Mapping[int, Reading]) -> str:
    """What the two shades mean, and how many slices have each."""
    rather, far = unfamiliar(readings)
    light = "farther from the training data than 95 % of held-out slices, read with care."
    dark = "farther than 99 % of them, do not read a diagnosis there."
    said = [f"Light shade, {len(rather)}: {light}"] * bool(rather) + [f"Dark shade, {len(far)}: {dark}"] * bool(far)
    return " ".join(said) or "All are like the training data."


def runs(numbers: list[int]) -> list[tuple[int, int]]:
    """First and last of each run of neighbouring numbers."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found
