"""What the open card shows: a button, then a line for each check as it is ready, and the verdict above them.

A line opens: the figures, what they mean and the charts are drawn only then.
"""

from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.core import results, state
from dashboard.core.failures import in_words
from dashboard.core.plain_text import class_in_prose, in_prose
from dashboard.core.session import StateKey, none
from dashboard.shared.explanations import ProgressBar
from dashboard.shared.trust.charts import draw
from dashboard.shared.trust.subject import CheckKey, MapKey, Subject
from xai_core.evaluation import checks, verdict
from xai_core.evaluation.check import Check, Level, NotHere, run_check
from xai_core.evaluation.verdict import Findings
from xai_core.render.scale import has_evidence

WHY = (
    "Heat maps are often believed without reason. The checks put this one to the test on this picture, and say in "
    "words what they find."
)
BADGES: dict[Level | None, str] = {
    None: ":gray-badge[:material/info: a fact]",
    "good": ":green-badge[:material/check_circle: passes]",
    "unclear": ":orange-badge[:material/help: undecided]",
    "bad": ":red-badge[:material/cancel: fails]",
}


def show(subject: Subject) -> None:
    """All of the card: nothing is computed until the visitor asks for it."""
    if not has_evidence(subject.values):
        st.info("This map shows no positive evidence for the class, so there is nothing to check.")
        return
    if state.selection().evidence != "for":
        st.caption(":material/info: The checks look at the evidence *for* the class, whatever the viewer shows.")
    running = _asked(subject).get() == subject.key
    top = st.empty()
    _verdict(top, subject, running)
    offer = st.empty()  # a slot of its own: the button is gone as soon as the checks run
    if not running:
        with offer.container():
            _offer(subject)
    for check in checks.CHECKS:
        ready = found(subject, check)
        if ready is None and running:
            with in_words():
                ready = make(subject, check, _asked(subject).forget)
        if isinstance(ready, NotHere):
            st.info(f"**{check.question}** {in_prose(ready.reason)}", icon=":material/block:")
        elif ready is not None:
            _line(check, ready, subject)
            _verdict(top, subject, running)
    if findings(subject).started:
        st.caption(f"A click on a line opens its charts and figures. {verdict.LIKENESS}")
    with st.popover("How the verdict is made", icon=":material/rule:"):
        from xai_core.evaluation.planted.bench import stored, stored_ranking  # SciPy: few ask for the rules

        st.markdown(verdict.how_it_is_made(stored_ranking(), stored().verdicts["checks"]))


def found(subject: Subject, check: Check) -> Any | None:
    """The check's result, if it is known."""
    return results.known(CheckKey(subject.key, check.key))


def make(subject: Subject, check: Check, on_stop: Callable[[], None]) -> Any:
    """The check's result, computed with a progress bar and a way to stop it."""
    key = CheckKey(subject.key, check.key)

    def compute() -> Any:
        with ProgressBar(check.doing, f"stop {subject.place} {key}", on_stop) as progress:
            return run_check(check, subject.tested, progress.show)

    return results.get_or_make(key, compute)


def findings(subject: Subject) -> Findings:
    """What is known so far."""
    return Findings({check.key: found(subject, check) for check in checks.CHECKS})


def _verdict(top: DeltaGenerator, subject: Subject, running: bool) -> None:
    """What the checks made so far say."""
    made, near, prediction = findings(subject), subject.familiarity, subject.image_pass.prediction
    if not (running or made.started):
        top.markdown(WHY)
        return
    ruling = verdict.verdict(made, prediction, familiar=near is None or near.familiar)
    decided = ruling.complete or ruling.level == "bad"
    box = {"good": top.success, "unclear": top.warning, "bad": top.error}[ruling.level] if decided else top.info
    box(verdict.headline(ruling, made, prediction, running=running, named=class_in_prose))


def _offer(subject: Subject) -> None:
    """The button that makes the checks which are missing, with what they cost."""
    made = findings(subject)
    if made.complete:
        return
    label = "Go on" if made.started else "Check this map"
    icon = ":material/fact_check:"
    st.button(label, key=f"{subject.place}_ask", type="primary", icon=icon, on_click=_ask, args=(subject,))
    st.caption(_cost(subject))


def _cost(subject: Subject) -> str:
    if subject.slow:
        maps = sum(check.maps for check in checks.CHECKS)
        return f"It takes {maps} more maps of this slow method; you can stop at any time."
    passes = round(sum(check.passes for check in checks.CHECKS), -1)
    return f"It takes about {passes} passes of the network, and you can stop at any time."


def _ask(subject: Subject) -> None:
    _asked(subject).set(subject.key)


def _asked(subject: Subject) -> StateKey[MapKey | None]:
    """The map that this card's checks were asked for."""
    return StateKey(f"{subject.place}_asked", none)


def _line(check: Check, ready: Any, subject: Subject) -> None:
    """One check as a line: its question, its level and the finding. Opened: what it means, the details, the picture."""
    level, tested = check.level(ready), subject.tested
    line = f"**{check.question}** {BADGES[level]} {check.summary(ready, tested)}"
    unbroken = line.replace(" %", "\N{NO-BREAK SPACE}%")  # a figure stays with its unit where the card is narrow
    box = st.expander(unbroken, key=f"{subject.place}_{check.key}", on_change="rerun")
    if not box.open:
        return
    with box:
        st.markdown(f"{check.meanings[level]}\n\n{check.details(ready, tested)}")
        for drawing in check.chart(ready, tested):
            draw(drawing, subject)
