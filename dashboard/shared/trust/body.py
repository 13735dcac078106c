"""What the open card shows: a button, then a line for each check as it is ready, and the verdict above them.

A line opens: the figures, what they mean and the charts are drawn only then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.core import state
from dashboard.core.failures import in_words
from dashboard.core.plain_text import class_in_prose
from dashboard.shared.trust import charts, lines, words
from dashboard.shared.trust.checks import CHECKS, Check, Subject, all_found, found, make
from xai_core.errors import NotApplicable
from xai_core.evaluation import verdict
from xai_core.evaluation.trust import EXTRA_MAPS
from xai_core.render.scale import has_evidence

PASSES = 150


@dataclass(frozen=True)
class Face:
    """How a check's result looks: its level, its line and its details (result, class name), its picture."""

    level: Callable[[Any], verdict.Level | None]
    line: Callable[[Any, str], str]
    sentence: Callable[[Any, str], str]
    image: Callable[[Any, Subject], None]


FACES = {
    "faithfulness": Face(verdict.use_level, lines.use, words.use, charts.curves),
    "road": Face(verdict.road_level, lines.filled, words.filled, charts.removal),
    "parameter_randomisation": Face(
        verdict.network_level, lines.network, lambda r, _name: words.network(r), charts.twins
    ),
    "specificity": Face(verdict.class_level, lines.classes, lambda r, _name: words.classes(r), charts.others),
    "stability": Face(verdict.stability_level, lines.stable, words.stable, charts.wavering),
    "resolution": Face(verdict.resolution_level, lines.fine, lambda r, _name: words.fine(r), charts.to_scale),
}


def checks(subject: Subject) -> None:
    """All of the card: nothing is computed until the visitor asks for it."""
    if not has_evidence(subject.values):
        st.info("This map shows no positive evidence for the class, so there is nothing to check.")
        return
    if state.selection().evidence != "for":
        st.caption(":material/info: The checks look at the evidence *for* the class, whatever the viewer shows.")
    running = st.session_state.get(_asked(subject)) == subject.key
    top = st.empty()
    _verdict(top, subject, running)
    offer = st.empty()  # a slot of its own: the button is gone as soon as the checks run
    if not running:
        with offer.container():
            _offer(subject)
    for check in CHECKS:
        ready = found(subject, check)
        if ready is None and running:
            ready = _made(subject, check)
        if ready is not None:
            _show(check, ready, subject)
            _verdict(top, subject, running)
    if all_found(subject).started:
        st.caption(f"A click on a line opens its charts and figures. {lines.LIKENESS}")
    with st.popover("How the verdict is made", icon=":material/rule:"):
        st.markdown(words.THRESHOLDS)


def _made(subject: Subject, check: Check) -> Any | None:
    """The check's result; None where it has no meaning for this model, and that is said."""
    try:
        with in_words(except_for=NotApplicable):
            return make(subject, check, partial(_stop, subject))
    except NotApplicable as reason:
        st.info(f"**{check.question}** {reason}", icon=":material/block:")
        return None


def _verdict(top: DeltaGenerator, subject: Subject, running: bool) -> None:
    """What the checks made so far say."""
    made, near = all_found(subject), subject.familiarity
    if not (running or made.started):
        top.markdown(words.WHY)
        return
    ruling = verdict.verdict(made, subject.image_pass.prediction, familiar=near is None or near.familiar)
    decided = ruling.complete or ruling.level == "bad"
    box = {"good": top.success, "unclear": top.warning, "bad": top.error}[ruling.level] if decided else top.info
    levels = verdict.levels_of(made)
    decisive = [check.question for check in CHECKS if levels.get(check.name) == ruling.level != "good"]
    box(words.headline(ruling, subject.image_pass.prediction, decisive, running))


def _offer(subject: Subject) -> None:
    """The button that makes the checks which are missing, with what they cost."""
    made = all_found(subject)
    if made.complete:
        return
    label = "Go on" if made.started else "Check this map"
    icon = ":material/fact_check:"
    st.button(label, key=f"{subject.place}_ask", type="primary", icon=icon, on_click=_ask, args=(subject,))
    st.caption(_cost(subject))


def _cost(subject: Subject) -> str:
    if subject.slow:
        return f"It takes {EXTRA_MAPS} more maps of this slow method; you can stop at any time."
    return f"It takes about {PASSES} passes of the network, and you can stop at any time."


def _ask(subject: Subject) -> None:
    st.session_state[_asked(subject)] = subject.key


def _stop(subject: Subject) -> None:
    st.session_state.pop(_asked(subject), None)


def _asked(subject: Subject) -> str:
    """Where the visit keeps which map this card's checks were asked for."""
    return f"{subject.place}_asked"


def _show(check: Check, ready: Any, subject: Subject) -> None:
    """One check as a line: its question, its level and the finding. Opened: what it means, the details, the picture."""
    face, name = FACES[check.name], class_in_prose(subject.result.class_names[0])
    level = face.level(ready)
    line = f"**{check.question}** {words.BADGES[level]} {face.line(ready, name)}"
    box = st.expander(lines.unbroken(line), key=f"{subject.place}_{check.name}", on_change="rerun")
    if not box.open:
        return
    with box:
        st.markdown(f"{words.meaning(check.name, level)}\n\n{face.sentence(ready, name)}")
        face.image(ready, subject)
