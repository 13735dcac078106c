"""Which of the four diagnoses the large map shows: it stays while one scrolls, and each scan begins anew."""

from __future__ import annotations

import streamlit as st

from dashboard.mri.reading import Reading
from dashboard.mri.scan import Place, Scan, count_of


def chosen_class(scan: Scan, at: Place, reading: Reading, *, answered: bool) -> int:
    """The class index: what was chosen on this scan, else the most probable one of the first slice that is answered."""
    prediction = reading.prediction
    best = prediction.top(1)[0].index
    if st.session_state.get(_follow_key(scan)):
        return best
    key = _class_key(scan, at)
    if answered:
        st.session_state.setdefault(key, prediction.class_names[best])
    name = st.session_state.get(key)
    return best if name is None else prediction.class_names.index(name)


def choose(scan: Scan, at: Place, name: str) -> None:
    """Show this diagnosis, and follow the model no more; for callbacks."""
    st.session_state[_class_key(scan, at)] = name
    if st.session_state.get(_follow_key(scan)):
        st.session_state[_follow_key(scan)] = False


def follow_control(scan: Scan, at: Place) -> None:
    """Let the map change with the model's answer from slice to slice; single pictures do so by themselves."""
    if scan.volume is None or count_of(scan, at.plane) < 2:
        return
    st.toggle(
        "Follow the model's answer",
        key=_follow_key(scan),
        persist_state="session",
        help="Off: the large map keeps its diagnosis from slice to slice. On: it shows what the model says of each.",
    )


def _class_key(scan: Scan, at: Place) -> str:
    """One for a volume; single pictures need have nothing in common."""
    return f"mri_class_{scan.key}" + (f"_{at.index}" if scan.volume is None else "")


def _follow_key(scan: Scan) -> str:
    return f"mri_follow_{scan.key}"
