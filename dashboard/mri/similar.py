"""The training slices that the model finds most like this one: label and source, no pictures."""

import numpy as np
import streamlit as st

from dashboard.mri.reading import Reading
from dashboard.mri.slice_display import display
from xai_core.models.sources.brain_mri import CLASS_NAMES, SOURCES, known_slices
from xai_core.types import SourceImage

# Of 685 held-out slices none is as like one of training (at most 0.974); training slices have 0.9995 to themselves.
SAME = 0.98


def rows(reading: Reading) -> list[dict[str, str]]:
    """The neighbours, the nearest first, as the page and the report write them."""
    known, near = known_slices(), reading.familiarity
    return [
        {
            "Likeness": f"{likeness:.2f}",
            "Diagnosis": CLASS_NAMES[known.labels[i]],
            "Source": f"{SOURCES[known.sources[i]]} {known.numbers[i]}",
        }
        for i, likeness in zip(near.neighbours, near.similarities, strict=True)
    ]


def memory(reading: Reading) -> str:
    """Where a training slice is so like this one that the answer says nothing of the model's skill; else empty."""
    near = reading.familiarity
    if near.similarities[0] < SAME:
        return ""
    learned, says = CLASS_NAMES[known_slices().labels[near.neighbours[0]]], reading.prediction.top(1)[0].name
    shows = (
        "the answer shows memory, not skill"
        if says == learned
        else f"the model, which says {says}, contradicts what it was taught"
    )
    return f"This slice, or its neighbour, was among the training pictures, labelled {learned}: {shows}."


def warning(reading: Reading) -> str:
    """Where the model has seen the slice, or the neighbours share a source rather than a disease; empty otherwise."""
    remembered = memory(reading)
    if remembered:
        return remembered
    known, near = known_slices(), reading.familiarity.neighbours
    labels, sources = known.labels[near], known.sources[near]
    if len(np.unique(sources)) > 1:
        return ""
    source = SOURCES[sources[0]]
    if len(np.unique(labels)) > 1:
        return f"All five come from one source ({source}) but differ in diagnosis: the likeness may be the scanner's."
    best = reading.prediction.top(1)[0].index
    if best != int(labels[0]):
        return f"All five are {CLASS_NAMES[labels[0]]}, yet the model says {CLASS_NAMES[best]}."
    return ""


def show(image: SourceImage, reading: Reading) -> None:
    """This slice beside the list of its neighbours."""
    st.subheader("Most similar training slices", anchor=False)
    said = warning(reading)
    if said:
        st.warning(said, icon=":material/info:")
    left, right = st.columns([1, 3], gap="medium")
    left.image(display(image, reading.box).data, caption="This slice", width="stretch", alt="This slice")
    alt = "The five most similar training slices"
    right.table(rows(reading), border="horizontal", hide_index=True, hide_header=False, alt=alt)
    far, limit = reading.familiarity.distance, reading.familiarity.limit
    right.caption(
        "Likeness is the cosine of the feature vectors: 1 is the same. Source: collection and file; those of Cheng "
        "have tumours, nearly all of Br35H are healthy. "
        f"Distance, 1 less the mean likeness of the five: {far:.2f}; 95 % of held-out slices lie within {limit:.2f}. "
        "The training pictures are not part of the app. Similar features are no proof of a similar disease."
    )
