"""Which of the four diagnoses the large map shows: it stays while one scrolls, and each scan begins anew."""

import streamlit as st

from dashboard.core.session import StateKey, WidgetKey, none
from dashboard.mri.reading import Reading
from dashboard.mri.scan import Place, Scan, count_of


def chosen_class(scan: Scan, at: Place, reading: Reading, *, answered: bool) -> int:
    """The class index: what was chosen on this scan, else the most probable one of the first slice that is answered."""
    prediction = reading.prediction
    best = prediction.top(1)[0].index
    if _follows(scan).get():
        return best
    chosen = _chosen(scan, at)
    if answered and chosen.get() is None:
        chosen.set(prediction.class_names[best])
    name = chosen.get()
    return best if name is None else prediction.class_names.index(name)


def choose(scan: Scan, at: Place, name: str) -> None:
    """Show this diagnosis, and follow the model no more; for callbacks."""
    _chosen(scan, at).set(name)
    if _follows(scan).get():
        _follows(scan).set(False)


def follow_control(scan: Scan, at: Place) -> None:
    """Let the map change with the model's answer from slice to slice; single pictures do so by themselves."""
    if scan.volume is None or count_of(scan, at.plane) < 2:
        return
    st.toggle(
        "Follow the model's answer",
        key=_follows(scan).name,
        persist_state="session",
        help="Off: the large map keeps its diagnosis from slice to slice. On: it shows what the model says of each.",
    )


def _chosen(scan: Scan, at: Place) -> StateKey[str | None]:
    """One for a volume; single pictures need have nothing in common."""
    return StateKey(f"mri_class_{scan.key}" + (f"_{at.index}" if scan.volume is None else ""), none)


def _follows(scan: Scan) -> WidgetKey[bool]:
    return WidgetKey(f"mri_follow_{scan.key}", False)
