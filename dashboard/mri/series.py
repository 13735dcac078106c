"""The whole series: every slice read in batches, a strip of probability and evidence, a jump to each tumour's peak."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from dashboard.core.session import StateKey, none, widget_value
from dashboard.mri import large_map, series_strip, shelf, slices
from dashboard.mri.diagnoses import HEALTHY
from dashboard.mri.reading import MapRecipe, Reading, model, read_all
from dashboard.mri.scan import Place, Scan, count_of, slice_of
from xai_core.render.recipe import percent

BATCH = 8
MOST_SERIES = 12  # three planes of each scan and recipe
_RUNNING = StateKey[tuple[str, str, MapRecipe] | None]("mri_running", none, ends="own scans")  # scan, plane, recipe


def known(scan: Scan, plane: str, recipe: MapRecipe) -> dict[int, Reading]:
    """The slices of this series that have been read so far, by number from 0."""
    return shelf.kept("series", _key(scan, plane, recipe), dict, MOST_SERIES)


def _key(scan: Scan, plane: str, recipe: MapRecipe) -> tuple[object, ...]:
    return scan.digest, plane, recipe, model().digest


def show(scan: Scan, at: Place, recipe: MapRecipe, class_index: int) -> None:
    """The strip, and the button that fills it."""
    count = count_of(scan, at.plane)
    if count < 2:
        return
    st.subheader("Slice by slice", anchor=False)
    found = known(scan, at.plane, recipe)
    running = _RUNNING.get() == (scan.key, at.plane, recipe)
    if not running and len(found) < count:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                f"Read all {count} slices" if not found else f"Read the other {count - len(found)}",
                on_click=lambda: _RUNNING.set((scan.key, at.plane, recipe)),
                icon=":material/play_arrow:",
            )
            st.caption("Probability and evidence for every slice of this plane. You can stop at any time.")
    if running:
        _fill(scan, at.plane, recipe, found, count)
    readings = {index: reading for index, reading in sorted(found.items()) if reading.head}
    if readings:
        _strip(scan, at, readings, class_index, count)


def _fill(scan: Scan, plane: str, recipe: MapRecipe, found: dict[int, Reading], count: int) -> None:
    """Read what is missing; every Streamlit call in it ends the work when the visitor moves on, and nothing is lost."""
    slot = st.empty()
    with slot.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(len(found) / count)
        st.button("Stop", key="mri_stop", on_click=_RUNNING.forget, icon=":material/stop_circle:")
    missing = [index for index in range(count) if index not in found]
    for start in range(0, len(missing), BATCH):
        bar.progress(len(found) / count, f"{len(found)} of {count} slices")
        part = missing[start : start + BATCH]
        images = [slice_of(scan, Place(plane, index)) for index in part]
        found.update(zip(part, read_all(images, recipe), strict=True))
    _RUNNING.forget()
    slot.empty()


def _strip(scan: Scan, at: Place, readings: Mapping[int, Reading], class_index: int, count: int) -> None:
    shares = evidence_shares(readings, class_index)
    _peaks(scan, at, readings)

    def told() -> None:
        index = _clicked(widget_value("mri_strip"))
        if index is not None and index in readings:
            slices.go_to(scan, Place(at.plane, index))

    st.plotly_chart(
        series_strip.figure(readings, shares, class_index, at.index, count),
        key="mri_strip",
        on_select=told,
        selection_mode="points",
        height=320,
        config={"displayModeBar": False},
    )
    st.caption(
        f"Click a point to open its slice. {len(readings)} slices with a head of {count}. "
        f"{series_strip.shading_in_words(readings)} Each slice is read on its own: the model knows no volume, and a "
        "single high slice means little. The scan's diagnosis is not that of the highest slice."
    )


def _peaks(scan: Scan, at: Place, readings: Mapping[int, Reading]) -> None:
    """A button for each tumour, to the slice in which it is most probable, with its map."""

    def go(peak: Place, name: str) -> None:
        slices.go_to(scan, peak)
        large_map.choose(scan, peak, name)

    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Most probable in:", width="content")
        for k, name in enumerate(model().config.class_names):
            if name == HEALTHY:
                continue
            peak = peak_of(readings, k)
            share = percent(float(readings[peak].prediction.probabilities[k]))
            st.button(
                f"{name}: slice {peak + 1}, {share}",
                key=f"mri_peak_{k}",
                on_click=go,
                args=(Place(at.plane, peak), name),
                icon=":material/flag:",
                help=f"Open the slice and the map for {name}.",
            )


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


def _clicked(state: Any) -> int | None:
    """The slice of the point that was clicked, from 0."""
    points = (state or {}).get("selection", {}).get("points", [])
    number = points[0].get("x") if points else None
    return int(number) - 1 if isinstance(number, int | float) else None
