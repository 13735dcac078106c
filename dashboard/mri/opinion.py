"""Blind first: the reader's own opinion, noted before the model's is seen."""

from dataclasses import dataclass
from datetime import UTC, datetime

import streamlit as st

from dashboard.core.session import StateKey
from dashboard.mri.reading import Reading
from dashboard.mri.scan import Scan
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


def beside(opinion: Opinion | None, reading: Reading) -> None:
    """The reader's opinion beside the model's."""
    if opinion is None:
        return
    agrees = opinion.diagnosis == reading.prediction.top(1)[0].name
    st.markdown(
        f":blue-badge[:material/edit_note: You noted: {opinion.diagnosis}, {opinion.sure}] "
        + ("The model agrees on this slice." if agrees else "The model says otherwise on this slice.")
    )


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
