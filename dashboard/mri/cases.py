"""Real tumours that the model never learned from: a dozen of them, chosen by their numbers, with every miss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from dashboard.core.session import widget_value
from dashboard.mri import slices, truth
from dashboard.mri.reading import MapRecipe, Reading, read_all
from dashboard.mri.scan import PICTURE, Place, Scan, Truth, slice_of
from xai_core.datasets.cheng import CITATION, ChengCopy
from xai_core.errors import ImageError
from xai_core.evaluation.brain_mri_answer import shown
from xai_core.evaluation.localisation import Found
from xai_core.models.brain_mri_held_out import cases
from xai_core.render.recipe import percent

KEY = "cases"
TITLE = "Real tumours, held out"
SOURCE = "Slice of a real tumour that was held out from training; Cheng's collection, CC BY 4.0"
_TABLE = "mri_cases"


@dataclass(frozen=True)
class Case:
    """A case as it was read: the model's answer, and its map for the annotators' diagnosis against their outline."""

    name: str
    diagnosis: str
    answer: str
    probability: float
    found: Found | None

    @property
    def right(self) -> bool:
        return self.answer == self.diagnosis


def case_scan(copy: ChengCopy) -> Scan:
    """The dozen, opened on its first. ImageError: the copy holds no held-out slice, or none that can be read."""
    return _read(copy.digest, copy)


@st.cache_resource(max_entries=2, show_spinner="Opening the slices …")
def _read(digest: str, _copy: ChengCopy) -> Scan:
    """The pictures are nobody's own: the same for all visitors. digest: of the copy."""
    chosen = cases(_copy.numbers)
    if not chosen:
        raise ImageError(
            "This copy holds none of the slices that were held out from training; give the whole collection."
        )
    names, images, truths, refused = [], [], [], []
    for number in chosen:
        try:
            given = _copy.read(number)
        except ImageError as error:
            refused.append(str(error))
            continue
        names.append(f"file {number}")
        images.append(given.image)
        truths.append(Truth(given.outline, given.diagnosis))
    if not images:
        raise ImageError(refused[0])
    return Scan(
        f"{KEY}_{digest[:8]}",
        images=tuple(images),
        truths=tuple(truths),
        names=tuple(names),
        start=(PICTURE, 0),
        remarks=(f"Source: {CITATION}.", *refused),
    )


def read_cases(scan: Scan, recipe: MapRecipe, known: dict[int, Reading]) -> None:
    """Read all cases that are not in `known`, in one pass; so that scrolling shows their maps."""
    missing = [index for index in range(len(scan.truths)) if index not in known]
    images = [slice_of(scan, Place(PICTURE, index)) for index in missing]
    known.update(zip(missing, read_all(images, recipe), strict=True))


def _case(name: str, given: Truth, reading: Reading) -> Case:
    best, names = reading.prediction.top(1)[0], reading.prediction.class_names
    result = None
    if given.outline is not None:
        result = truth.agreement(reading, names.index(given.diagnosis), given.outline)
    return Case(name, given.diagnosis, best.name, best.probability, result)


def show(scan: Scan, known: Mapping[int, Reading]) -> None:
    """The list; a click on a line opens its slice. known: as `read_cases` leaves it."""
    listed = [_case(*one, known[i]) for i, one in enumerate(zip(scan.names, scan.truths, strict=True))]
    st.subheader("All held-out cases", anchor=False)
    st.markdown(summary(listed))

    def opened() -> None:
        rows = widget_value(_TABLE)["selection"]["rows"]
        if rows and 0 <= rows[0] < len(scan.images):
            slices.go_to(scan, Place(PICTURE, rows[0]))

    st.dataframe(
        rows(listed), hide_index=True, key=_TABLE, on_select=opened, selection_mode="single-row", height="content"
    )
    st.caption(
        "Click a line to open the slice. Their numbers alone chose them: evenly spaced over the held-out slices of "
        f"each diagnosis. Maps are those of the annotators' diagnosis. {truth.pointing_rule()} {CITATION}."
    )


def summary(listed: Sequence[Case]) -> str:
    """How many are named as the annotators did, and how many maps point at the tumour."""
    right = sum(case.right for case in listed)
    drawn = [case.found for case in listed if case.found is not None]
    pointed = sum(map(truth.points_at_it, drawn))
    said = f"The model names **{right} of {len(listed)}** as the annotators do."
    return said + (f" In **{pointed} of {len(drawn)}** the strongest place lies in the outline." if drawn else "")


def rows(listed: Sequence[Case]) -> list[Mapping[str, str]]:
    """The table, as text."""
    return [
        {
            "Case": str(i + 1),
            "File": case.name.removeprefix("file "),
            "Annotators": case.diagnosis,
            "Model": case.answer,
            "Right": "yes" if case.right else "no",
            "Probability": shown(case.probability),
            "Evidence inside": percent(case.found.energy) if case.found else "no outline",
            "Strongest place": truth.place_in_words(case.found) if case.found else "",
            "Overlap": percent(case.found.overlap) if case.found else "",
        }
        for i, case in enumerate(listed)
    ]
