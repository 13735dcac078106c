"""Where the truth of a slice is known: whether the model is right, how much of its map lies in the outline, and where
that runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from dashboard.core.session import WidgetKey
from dashboard.mri import shelf
from dashboard.mri.diagnoses import HEALTHY, answer_of
from dashboard.mri.reading import Reading
from dashboard.mri.scan import Place, Scan, Truth, outlined_slices
from xai_core.evaluation.localisation import HALF, TOLERANCE, Found, found
from xai_core.images.head_crop import cut
from xai_core.models.sources.brain_mri import HEAD_SIDE
from xai_core.render.recipe import percent

_SHOWN = WidgetKey("mri_outline", True)
_MOST_PLANES = 6


def outline_control(scan: Scan, at: Place) -> None:
    """Whether the outline is drawn; nothing where none is known."""
    if outlined(scan, at.plane):
        st.toggle(
            "Show outline",
            value=_SHOWN.default,
            key=_SHOWN.name,
            persist_state="session",
            help="The green line: where "
            + ("the annotators drew the tumour." if scan.truths else "the lesion was drawn in.")
            + " Hold H to see the slice without it.",
        )


def outlines(scan: Scan, plane: str) -> Mapping[int, Sequence[np.ndarray]]:
    """The lines to draw in the slices of a plane: none where the reader wants none."""
    return outlined(scan, plane) if _SHOWN.get() else {}


def outlined(scan: Scan, plane: str) -> dict[int, list[np.ndarray]]:
    """By slice, the closed lines around its known lesion, each float (n, 2), x and y in pixels."""
    if scan.outline is None and not scan.truths:
        return {}

    def made() -> dict[int, list[np.ndarray]]:
        return {index: contours(outline) for index, outline in outlined_slices(scan, plane).items()}

    return shelf.kept("outlines", (scan.key, scan.digest, plane), made, _MOST_PLANES)


def contours(outline: np.ndarray) -> list[np.ndarray]:
    """The edges of a mask, bool (h, w), as closed lines (n, 2) of x and y in pixels."""
    from skimage.measure import find_contours  # half a second to import: only where an outline is known

    lines = find_contours(np.pad(outline, 1).astype(np.float32), HALF)
    return [line[:, ::-1] - 0.5 for line in lines]  # less the padding, and to the pixels' middles


def verdict(reading: Reading, at: Place, truth: Truth | None) -> None:
    """Where the truth is known: whether the model's answer is right, as far as it gives one."""
    answer = answer_of(reading, at)
    if truth is None or answer.grade == "withheld":
        return
    says = answer.kind if answer.tumour else HEALTHY
    if truth.diagnosis and says == truth.diagnosis:
        st.markdown(f":green-badge[:material/check: The annotators say {truth.diagnosis}, too]")
    elif truth.diagnosis and answer.tumour and not answer.kind_sure:
        st.warning(
            f"The annotators say {truth.diagnosis}: a tumour, as the model says, but not its likeliest kind.",
            icon=":material/info:",
        )
    elif truth.diagnosis:
        st.error(f"The annotators say {truth.diagnosis}: the model is wrong.", icon=":material/close:")
    elif truth.outline is not None and truth.outline.any() != (says != HEALTHY):
        drawn = "A" if truth.outline.any() else "No"
        st.error(f"{drawn} lesion is drawn in this slice: the model is wrong.", icon=":material/close:")


def against_outline(reading: Reading, class_index: int, truth: Truth | None) -> None:
    """How far the evidence for a tumour lies in the known outline."""
    name = reading.prediction.class_names[class_index]
    if truth is None or truth.outline is None or not truth.outline.any() or name == HEALTHY:
        return
    whose = "the annotators' outline" if truth.diagnosis else "the outline of the lesion that was drawn in"
    st.markdown(
        f"**The map for {name} against {whose}**\n\n"
        + "\n".join(f"- {line}" for line in in_words(agreement(reading, class_index, truth.outline), truth.outline))
    )


def agreement(reading: Reading, class_index: int, outline: np.ndarray) -> Found:
    """The map of a diagnosis against an outline (h, w) of the slice, both within the square that the model saw."""
    seen = cut(outline.astype(np.float32), reading.box, HEAD_SIDE, beyond="constant") > HALF
    return found(reading.maps[class_index], seen)


def in_words(result: Found, outline: np.ndarray) -> list[str]:
    """Share of the evidence, strongest place and overlap, a phrase each."""
    if result == Found(0.0, 0.0, 0.0, 0.0):
        return ["None of its evidence lies inside, as far as it has any."]
    covered = percent(float(outline.mean()))
    return [
        f"**{percent(result.energy)}** of its evidence lies inside; the outline covers {covered} of the slice",
        f"Its strongest place lies **{place_in_words(result)}**",
        f"Where it has at least half its peak, it shares **{percent(result.overlap)}** of the area of both together",
    ]


def points_at_it(result: Found) -> bool:
    """The pointing game, which forgives a small distance."""
    return result.pointing >= HALF


def place_in_words(result: Found) -> str:
    return "inside, or just beside it" if points_at_it(result) else "outside"


def pointing_rule() -> str:
    """What counts as just beside."""
    return f"Just beside: within {percent(TOLERANCE)} of the side of the square around the head."
