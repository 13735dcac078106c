"""The four diagnoses of a slice: side by side on one scale, and in numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from dashboard.core.plain_text import share_first
from dashboard.mri.reading import Reading, model
from dashboard.mri.slice_display import display
from dashboard.shared.cautions import InputCautions
from dashboard.shared.components.viewer import GalleryOptions, Tile, gallery
from xai_core.attribution.catalog import find_method
from xai_core.models.sources.brain_mri import CLASS_NAMES
from xai_core.render.place import place
from xai_core.render.recipe import percent, signed
from xai_core.types import ClassScore, Prediction, SourceImage

VIEWER = "mri_viewer"
HEALTHY = CLASS_NAMES[2]


def common_scale(reading: Reading) -> float:
    """The end of the one scale of all four maps: their largest magnitude."""
    return float(np.abs(reading.maps).max())


def headline(reading: Reading, found: InputCautions) -> None:
    """The model's answer, large only where the slice is like the training data."""
    best, second = reading.prediction.top(2)
    lead = f"{share_first(best.probability)} probable, {best.score - second.score:.1f} ahead of {second.name} in score."
    if found.unlike:
        st.caption("The model always gives one of its four names: it cannot say that it does not know.")
        return
    if found.far:
        st.markdown(f"The model leans to **{best.name}**: {lead}")
        return
    st.subheader(f"The model says: {best.name}", anchor=False)
    st.markdown(lead)


def side_by_side(image: SourceImage, reading: Reading, class_index: int, on_choose: Callable[[str], None]) -> None:
    """A tile a diagnosis, evidence for and against, all on one scale; on_choose: shows the clicked one large."""
    names = reading.prediction.class_names
    gallery(
        display(image, reading.box),
        [Tile(name, values) for name, values in zip(names, reading.maps, strict=True)],
        names[class_index],
        GalleryOptions(settings_of=VIEWER, signed=True, fill=True),
        key="mri_diagnoses",
        on_choose=on_choose,
    )
    st.caption(
        "Red speaks for it, blue against. One colour scale for all four, and another in each slice: between slices "
        "compare the numbers. Click one to see it large."
    )


def with_margins(prediction: Prediction) -> list[tuple[ClassScore, float]]:
    """The diagnoses, the most probable first, and how far each one's score is ahead of the best other."""
    ranked = prediction.top(len(prediction.class_names))
    return [(one, one.score - max(other.score for other in ranked if other is not one)) for one in ranked]


def in_words(prediction: Prediction) -> list[tuple[str, str, str, str]]:
    """Name, probability, score and lead of each diagnosis, as the page and the report say them."""
    return [
        (one.name, percent(one.probability), signed(one.score), signed(margin, plus=True))
        for one, margin in with_margins(prediction)
    ]


def numbers(reading: Reading) -> None:
    """A table that fits a narrow column: it wraps, and never scrolls sideways."""
    columns = zip(
        ("Diagnosis", "Probability", "Score", "Lead"), zip(*in_words(reading.prediction), strict=True), strict=True
    )
    alt = "Probability, score and lead of each diagnosis"
    st.table(dict(columns), border="horizontal", hide_index=True, hide_header=False, alt=alt)
    st.caption(
        "Probability: calibrated on held-out slices, error 0.017. Score: before softmax, what the maps explain. "
        "Lead: score less the best other score."
    )


def recipe(reading: Reading, class_index: int) -> str:
    """How the map was made, in one line."""
    one, (rows, columns) = reading.prediction.of(class_index), reading.maps.shape[1:]
    network, method = model(), find_method(reading.recipe.method)
    return (
        f"{network.config.key} (weights {network.digest[:8]}) · {method.title} · "
        f"layer {reading.recipe.layer}, {rows} × {columns} · {one.name} · "
        f"score {signed(one.score)} · probability {percent(one.probability)}"
    )


def objection(reading: Reading, truth: np.ndarray | None) -> None:
    """Where the truth is known and the model says otherwise: that it is wrong."""
    if truth is None or truth.any() == (reading.prediction.top(1)[0].name != HEALTHY):
        return
    st.error(
        f"{'A' if truth.any() else 'No'} lesion is drawn in this slice: the model is wrong.", icon=":material/close:"
    )


def against_truth(reading: Reading, class_index: int, truth: np.ndarray | None) -> None:
    """How much of the evidence for a tumour lies in the true outline of a simulated lesion."""
    name = reading.prediction.class_names[class_index]
    if truth is None or not truth.any() or name == HEALTHY:
        return
    inside, peak = agreement_with(reading.maps[class_index], reading, truth)
    st.caption(
        f"The true outline is known here: {percent(inside)} of this map's evidence for "
        f"{name} lies in it (it covers {percent(float(truth.mean()))} of the slice), and its "
        f"strongest place lies {'inside' if peak else 'outside'}."
    )


def agreement_with(values: np.ndarray, reading: Reading, truth: np.ndarray) -> tuple[float, bool]:
    """Share of the positive evidence in the outline (h, w), and whether the strongest place lies in it."""
    placed = np.nan_to_num(place(values, reading.box, truth.shape), nan=-np.inf)
    positive = np.clip(placed, 0, None)
    total = float(positive.sum())
    return (float(positive[truth].sum()) / total if total else 0.0), bool(truth.flat[int(placed.argmax())])
