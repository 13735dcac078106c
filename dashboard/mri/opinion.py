"""Blind first: the reader's own opinion, noted before the model's is seen."""

from dataclasses import dataclass
from datetime import UTC, datetime

import streamlit as st

from dashboard.core.session import StateKey
from dashboard.mri.diagnoses import HEALTHY, named
from dashboard.mri.scan import Scan
from xai_core.evaluation.brain_mri_answer import TUMOURS, Answer
from xai_core.models.sources.brain_mri import CLASS_NAMES

_OPINIONS = (*CLASS_NAMES, "something else", "cannot say")
_SURE = ("guessing", "rather sure", "sure")
_LONGEST = 2000


@dataclass(frozen=True)
class Opinion:
    """What the reader noted. blind: before the model's answer was on screen."""

    diagnosis: str
    sure: str
    time: str
    blind: bool


_NOTED = StateKey[dict[str, Opinion]]("mri_opinions", dict, ends="own scans")  # these three by the scan's key
_ANSWERED = StateKey[set[str]]("mri_answered", set, ends="own scans")
_NOTES = StateKey[dict[str, str]]("mri_notes", dict, ends="own scans")


def switch() -> bool:
    return st.toggle(
        "Blind first",
        key="mri_blind",
        persist_state="session",
        help="You note your opinion before the model and its maps appear. A map seen first pulls the eye along.",
    )


def noted(scan: Scan) -> Opinion | None:
    """The opinion on this scan, if there is one."""
    return _NOTED.get().get(scan.key)


def ask(scan: Scan) -> None:
    """The form that stands in place of the model's answer."""
    st.subheader("Your opinion first", anchor=False)
    st.markdown("Look through the slices. The model's answer and its maps appear when you have noted yours.")
    with st.form(f"mri_opinion_{scan.key}", border=False):
        diagnosis = st.radio("Diagnosis", _OPINIONS, index=None)
        sure = st.segmented_control("How sure", _SURE, key=f"mri_sure_{scan.key}")
        sent = st.form_submit_button("Note it and show the model", type="primary")
    if sent and (diagnosis is None or sure is None):
        st.error("Choose a diagnosis and how sure you are; “cannot say” is one, too.", icon=":material/error:")
    elif diagnosis is not None and sure is not None and sent:
        _NOTED.get()[scan.key] = Opinion(diagnosis, sure, now(), blind=scan.key not in _ANSWERED.get())
        st.rerun()


def now() -> str:
    """The time for the report."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def answer_shown(scan: Scan) -> None:
    """From now on an opinion on this scan is no blind one."""
    _ANSWERED.get().add(scan.key)


def beside(opinion: Opinion | None, answer: Answer | None) -> None:
    """The reader's opinion beside the model's. answer: as the page says it; None where it gives none."""
    if opinion is not None:
        st.markdown(
            f":blue-badge[:material/edit_note: You noted: {opinion.diagnosis}, {opinion.sure}] "
            + compared(opinion.diagnosis, answer)
        )


def compared(diagnosis: str, answer: Answer | None) -> str:
    """An opinion against what the page says of the slice, which may name a tumour and no kind."""
    if answer is None or answer.grade == "withheld":
        return "The model cannot say on this slice."
    tumour = diagnosis in {CLASS_NAMES[c] for c in TUMOURS}
    if diagnosis == named(answer):
        return "The model agrees on this slice."
    if tumour and answer.tumour and not answer.kind_sure:
        likely = "yours" if diagnosis == answer.kind else answer.kind
        return f"The model, too, finds a tumour on this slice; it is unsure of the kind, the likeliest is {likely}."
    if diagnosis == HEALTHY or tumour:
        return f"The model says otherwise on this slice: {named(answer)}."
    return f"The model says {named(answer)} on this slice."


def note_control(scan: Scan) -> str:
    """The reader's note for the report; it stays in the visit."""
    notes = _NOTES.get()
    text = st.text_area(
        "Your note for the report",
        value=notes.get(scan.key, ""),
        max_chars=_LONGEST,
        key=f"mri_note_{scan.key}",
        placeholder="No names, please: the report carries what you write.",
        height=90,
    )
    notes[scan.key] = text
    return text
