"""The whole series: every slice read in batches, a strip of probability and evidence, a jump to each tumour's peak."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st

from dashboard.core.session import StateKey, none, widget_value
from dashboard.mri import large_map, series_strip, shelf, slices, truth
from dashboard.mri.diagnoses import HEALTHY, answer_of
from dashboard.mri.reading import MapRecipe, Reading, model, read_all
from dashboard.mri.scan import Place, Scan, count_of, slice_of
from xai_core.evaluation.brain_mri_answer import Answer, shown

BATCH = 8
AROUND = 0.25  # of a known lesion's slices, read on either side of them at once
MOST_SERIES = 12  # three planes of each scan and recipe
_RUNNING = StateKey[tuple[str, str, MapRecipe] | None]("mri_running", none, ends="own scans")  # scan, plane, recipe


def known(scan: Scan, plane: str, recipe: MapRecipe) -> dict[int, Reading]:
    """The slices of this series that have been read so far, by number from 0."""
    return shelf.kept("series", _key(scan, plane, recipe), dict, MOST_SERIES)


def _key(scan: Scan, plane: str, recipe: MapRecipe) -> tuple[object, ...]:
    return scan.digest, plane, recipe, model().digest


def comes_first(scan: Scan) -> bool:
    """Whether the strip stands above the slice: where a lesion was drawn in, what the model makes of its slices matters
    more than any one of them."""
    return scan.outline is not None


def read_lesion(scan: Scan, at: Place, recipe: MapRecipe) -> None:
    """Where the strip comes first: read the slices with the lesion and some beside them, unless some were read."""
    found = known(scan, at.plane, recipe)
    if not comes_first(scan) or found:
        return
    wanted = around_lesion(truth.outlined(scan, at.plane), count_of(scan, at.plane))
    bar = st.progress(0.0, "Reading the slices around the lesion …")
    for start in range(0, len(wanted), BATCH):
        part = wanted[start : start + BATCH]
        images = [slice_of(scan, Place(at.plane, index)) for index in part]
        found.update(zip(part, read_all(images, recipe), strict=True))
        bar.progress(len(found) / len(wanted), f"Reading the slices around the lesion: {len(found)} of {len(wanted)}")
    bar.empty()


def around_lesion(lesion: Collection[int], count: int) -> list[int]:
    """The slices of a lesion and those beside it, of `count` in all."""
    if not lesion:
        return []
    beside = math.ceil(AROUND * len(lesion))
    return list(range(max(0, min(lesion) - beside), min(count, max(lesion) + beside + 1)))


def wavering(readings: Mapping[int, Reading], lesion: Collection[int]) -> str:
    """How often the model sees a known lesion in the slices that were read, and how often its answer changes."""
    names = {i: reading.prediction.top(1)[0].name for i, reading in sorted(readings.items())}
    inside = [name for i, name in names.items() if i in lesion]
    beside = [name for i, name in names.items() if i not in lesion]
    if not inside:
        return ""
    changes = sum(names[i] != names[i + 1] for i in names if i + 1 in names)
    said = (
        f"The lesion was drawn into slices {min(lesion) + 1} to {max(lesion) + 1}. In **{_tumours(inside)} of "
        f"{len(inside)}** of them the model's likeliest answer is a tumour"
    )
    said += f", and so it is in {_tumours(beside)} of {len(beside)} beside them" if beside else ""
    return f"{said}; from one slice to the next it changes **{changes} time{'' if changes == 1 else 's'}**."


def _tumours(names: Sequence[str]) -> int:
    return sum(name != HEALTHY for name in names)


def show(scan: Scan, at: Place, recipe: MapRecipe, class_index: int) -> None:
    """The strip, and the button that fills it."""
    count = count_of(scan, at.plane)
    if count < 2:
        return
    st.subheader("Slice by slice", anchor=False)
    found = known(scan, at.plane, recipe)
    if comes_first(scan):
        st.markdown(wavering(found, truth.outlined(scan, at.plane)))
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
        series_strip.figure(readings, shares, class_index, at.index, count, list(truth.outlined(scan, at.plane))),
        key="mri_strip",
        on_select=told,
        selection_mode="points",
        height=280 if comes_first(scan) else 320,
        config={"displayModeBar": False},
    )
    st.caption(
        f"Click a point to open its slice. {len(readings)} slices with a head of {count}. "
        f"{series_strip.shading_in_words(readings)} Each slice is read on its own: the model knows no volume, and a "
        "single high slice means little. The scan's diagnosis is not that of the highest slice."
    )


def _peaks(scan: Scan, at: Place, readings: Mapping[int, Reading]) -> None:
    """A button for each tumour that the model names in some slice, to where it is most probable, with its map."""

    def go(peak: Place, name: str) -> None:
        slices.go_to(scan, peak)
        large_map.choose(scan, peak, name)

    found = tumour_slices(readings, at.plane)
    if not found:
        st.caption("In none of the slices that were read does the model find a tumour, as far as it can say.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Most probable in:", width="content")
        for k, name in enumerate(model().config.class_names):
            own = {i: readings[i] for i, answer in found.items() if answer.kind == name}
            if not own:
                continue
            peak = peak_of(own, k)
            share = shown(float(readings[peak].prediction.probabilities[k]))
            st.button(
                f"{name}: slice {peak + 1}, {share}",
                key=f"mri_peak_{k}",
                on_click=go,
                args=(Place(at.plane, peak), name),
                icon=":material/flag:",
                help=f"Open the slice and the map for {name}.",
            )


def tumour_slices(readings: Mapping[int, Reading], plane: str) -> dict[int, Answer]:
    """The answers that may be shown and are a tumour, by slice. Without any there is no peak to lead a reader to."""
    answers = {i: answer_of(reading, Place(plane, i)) for i, reading in readings.items()}
    return {i: answer for i, answer in answers.items() if answer.tumour and answer.grade != "withheld"}


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
