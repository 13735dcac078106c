"""The four diagnoses of a slice: side by side on one scale, and in numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import streamlit as st

from dashboard.core.plain_text import share_first
from dashboard.mri.reading import Reading, model
from dashboard.mri.scan import Place
from dashboard.mri.slice_display import display
from dashboard.shared.cautions import InputCautions
from dashboard.shared.components.viewer import GalleryOptions, Tile, gallery
from xai_core.attribution.catalog import find_method
from xai_core.evaluation.brain_mri_answer import Answer, bounds, graded, shown
from xai_core.models.sources.brain_mri import CLASS_NAMES
from xai_core.render.recipe import signed
from xai_core.types import ClassScore, Prediction, SourceImage

VIEWER = "mri_viewer"
HEALTHY = CLASS_NAMES[2]


def common_scale(reading: Reading) -> float:
    """The end of the one scale of all four maps: their largest magnitude."""
    return float(np.abs(reading.maps).max())


def answer_of(reading: Reading, at: Place) -> Answer:
    """What may be said of the slice, after what answers on left-out collections bear out."""
    return graded(reading.prediction, reading.peaks, at.plane)


def with_gate(answer: Answer, found: InputCautions) -> Answer:
    """The same, said less surely of a slice that is far from the training data."""
    return replace(answer, grade="leaning") if found.far and answer.grade == "said" else answer


def headline(reading: Reading, at: Place, found: InputCautions) -> None:
    """The model's answer: large only where such answers are borne out and the slice is like the training data."""
    if found.unlike:
        st.caption("The model always gives one of its four names: it cannot say that it does not know.")
        return
    answer = with_gate(answer_of(reading, at), found)
    lead, why = f"{share_first(answer.share, shown)} probable. {of_kind(reading, answer)}", " ".join(answer.reasons)
    if answer.grade == "withheld":
        st.markdown(f"**The model cannot say** whether there is a tumour. {why}")
    elif answer.grade == "leaning":
        st.markdown(f"The model leans to **{named(answer)}**: {lead} {why}")
    else:
        st.subheader(f"The model says: {named(answer)}", anchor=False)
        st.markdown(lead)


def named(answer: Answer) -> str:
    """The answer in two words: a tumour is named only where names are borne out."""
    if not answer.tumour:
        return HEALTHY
    return answer.kind if answer.kind_sure else "a tumour"


def of_kind(reading: Reading, answer: Answer) -> str:
    """How probable the most likely kind of tumour is, and what that rests on."""
    if not answer.tumour:
        return ""
    share = reading.prediction.probabilities[CLASS_NAMES.index(answer.kind)]
    unsure = "" if answer.kind_sure else ", which is unsure"
    return f"Most likely kind: {answer.kind}, {shown(float(share))}{unsure}."


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
        (one.name, shown(one.probability), signed(one.score), signed(margin, plus=True))
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
        f"Probability: softened by how slices of {_listed(bounds().sources)} were answered, which trained nothing; "
        "no more than that bears out is shown. Score: before softmax, what the maps explain. "
        "Lead: score less the best other score."
    )


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def recipe(reading: Reading, class_index: int) -> str:
    """How the map was made, in one line."""
    one, (rows, columns) = reading.prediction.of(class_index), reading.maps.shape[1:]
    network, method = model(), find_method(reading.recipe.method)
    return (
        f"{network.config.key} (weights {network.digest[:8]}) · {method.title} · "
        f"layer {reading.recipe.layer}, {rows} × {columns} · {one.name} · "
        f"score {signed(one.score)} · probability {shown(one.probability)}"
    )
