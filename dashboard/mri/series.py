"""The whole series: every slice read in batches, a strip of probability and evidence, and a jump to the peak."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from dashboard.mri import shelf, slices
from dashboard.mri.reading import Asked, Reading, far_limit, model, read_all
from dashboard.mri.scan import Place, Scan, count_of, slice_of
from xai_core.render.recipe import percent

BATCH = 8
MOST_SERIES = 12  # three planes of each scan and recipe
_SHADES = (0.12, 0.36)  # of slices beyond 95 % and 99 % of held-out ones
_COLOURS = ("#c9781a", "#2a98ef", "#7f8c8d", "#12a872")  # one a diagnosis, told apart on light and dark


def known(scan: Scan, plane: str, asked: Asked) -> dict[int, Reading]:
    """The slices of this series that have been read so far, by number from 0."""
    return shelf.kept("series", _key(scan, plane, asked), dict, MOST_SERIES)


def _key(scan: Scan, plane: str, asked: Asked) -> tuple[object, ...]:
    return scan.digest, plane, asked, model().digest


def show(scan: Scan, at: Place, asked: Asked, class_index: int) -> None:
    """The strip, and the button that fills it."""
    count = count_of(scan, at.plane)
    if count < 2:
        return
    st.subheader("Slice by slice", anchor=False)
    found = known(scan, at.plane, asked)
    running = st.session_state.get("mri_running") == (scan.key, at.plane, asked)
    if not running and len(found) < count:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                f"Read all {count} slices" if not found else f"Read the other {count - len(found)}",
                on_click=lambda: st.session_state.update(mri_running=(scan.key, at.plane, asked)),
                icon=":material/play_arrow:",
            )
            st.caption("Probability and evidence for every slice of this plane. You can stop at any time.")
    if running:
        _fill(scan, at.plane, asked, found, count)
    readings = {index: reading for index, reading in sorted(found.items()) if reading.head}
    if readings:
        _strip(scan, at, readings, class_index, count)


def _fill(scan: Scan, plane: str, asked: Asked, found: dict[int, Reading], count: int) -> None:
    """Read what is missing; every Streamlit call in it ends the work when the visitor moves on, and nothing is lost."""
    slot = st.empty()
    with slot.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(len(found) / count)
        st.button("Stop", key="mri_stop", on_click=_stop, icon=":material/stop_circle:")
    missing = [index for index in range(count) if index not in found]
    for start in range(0, len(missing), BATCH):
        bar.progress(len(found) / count, f"{len(found)} of {count} slices")
        part = missing[start : start + BATCH]
        images = [slice_of(scan, Place(plane, index)) for index in part]
        found.update(zip(part, read_all(images, asked), strict=True))
    _stop()
    slot.empty()


def _stop() -> None:
    st.session_state.pop("mri_running", None)


def _strip(scan: Scan, at: Place, readings: Mapping[int, Reading], class_index: int, count: int) -> None:
    name = model().card.class_names[class_index]
    shares, peak = evidence_shares(readings, class_index), peak_of(readings, class_index)
    share = readings[peak].prediction.probabilities[class_index]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"Go to the peak for {name}: slice {peak + 1}",
            on_click=slices.go_to,
            args=(scan, Place(at.plane, peak)),
            icon=":material/flag:",
            disabled=peak == at.index,
        )
        st.caption(f"There {name} is {percent(float(share))} probable. Click a point to open its slice.")

    def told() -> None:
        index = _clicked(st.session_state["mri_strip"])
        if index is not None and index in readings:
            slices.go_to(scan, Place(at.plane, index))

    st.plotly_chart(
        figure(readings, shares, class_index, at.index, count),
        key="mri_strip",
        on_select=told,
        selection_mode="points",
        height=320,
        config={"displayModeBar": False},
    )
    st.caption(
        f"{len(readings)} slices with a head of {count}. {shading_in_words(readings)} Each slice is read on its own: "
        "the model knows no volume, and a single high slice means little. The scan's diagnosis is not that of the "
        "highest slice."
    )


def unfamiliar(readings: Mapping[int, Reading]) -> tuple[list[int], list[int]]:
    """The slices beyond 95 % of held-out ones in distance, but not 99 %, and those beyond 99 %: numbers from 0."""
    far = [index for index, reading in readings.items() if reading.familiarity.distance > far_limit()]
    rather = [i for i, reading in readings.items() if not reading.familiarity.familiar and i not in set(far)]
    return rather, far


def shading_in_words(readings: Mapping[int, Reading]) -> str:
    """What the two shades mean, and how many slices have each."""
    rather, far = unfamiliar(readings)
    light = "farther from the training data than 95 % of held-out slices, read with care."
    dark = "farther than 99 % of them, do not read a diagnosis there."
    said = [f"Light shade, {len(rather)}: {light}"] * bool(rather) + [f"Dark shade, {len(far)}: {dark}"] * bool(far)
    return " ".join(said) or "All are like the training data."


def evidence_shares(readings: Mapping[int, Reading], class_index: int) -> np.ndarray:
    """Each slice's share of the positive evidence for a diagnosis in all of them: float (n,), summing to 1 or 0.

    A cell counts with the area that it covers, as slices are cropped differently.
    """
    sums = np.array([_evidence(reading, class_index) for reading in readings.values()])
    return sums / (sums.sum() or 1.0)


def _evidence(reading: Reading, class_index: int) -> float:
    area = (reading.box.right - reading.box.left) * (reading.box.bottom - reading.box.top)
    return float(np.clip(reading.maps[class_index], 0, None).mean() * area)


def peak_of(readings: Mapping[int, Reading], class_index: int) -> int:
    """The slice in which the diagnosis is most probable; familiar ones go before others."""
    familiar = [i for i, reading in readings.items() if reading.familiarity.familiar] or list(readings)
    return max(familiar, key=lambda i: readings[i].prediction.probabilities[class_index])


def figure(readings: Mapping[int, Reading], shares: np.ndarray, class_index: int, here: int, count: int) -> go.Figure:
    """Lines of probability above, bars of evidence below, one x a slice, unfamiliar ones shaded."""
    numbers = [index + 1 for index in readings]
    made = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.65, 0.35], vertical_spacing=0.06)
    for k, name in enumerate(model().card.class_names):
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
    made.add_vline(x=here + 1, line_width=1.5, line_dash="dot")
    made.update_yaxes(title_text="Probability", range=[-2, 102], ticksuffix=" %", row=1, col=1)
    made.update_yaxes(title_text="Evidence", ticksuffix=" %", nticks=3, row=2, col=1)
    made.update_xaxes(range=[0.5, count + 0.5])
    made.update_xaxes(title_text="Slice", row=2, col=1)
    made.update_layout(margin={"l": 8, "r": 8, "t": 8, "b": 8}, legend={"orientation": "h", "y": 1.12}, bargap=0.1)
    return made


def runs(numbers: list[int]) -> list[tuple[int, int]]:
    """First and last of each run of neighbouring numbers."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def _clicked(state: Any) -> int | None:
    """The slice of the point that was clicked, from 0."""
    points = (state or {}).get("selection", {}).get("points", [])
    number = points[0].get("x") if points else None
    return int(number) - 1 if isinstance(number, int | float) else None
