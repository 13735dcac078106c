"""Work in the background: shared, bounded, in turn, stopped by those who want it, and kind to whoever clicks."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from threading import Event

import pytest
from torch import zeros
from torch.nn import Linear

from dashboard.core import jobs
from dashboard.core import session as session_module
from dashboard.core.state import number_in
from dashboard.shared import job_lines
from xai_core.errors import SightlineError

WAIT_S = 60


@pytest.fixture(autouse=True)
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, object]]:
    """Who asks, and what their session holds."""
    state: dict[str, object] = {"visitor": "anna", "anna": {}, "ben": {}, "cleo": {}}
    monkeypatch.setattr(jobs, "visitor", lambda: state["visitor"])
    monkeypatch.setattr(jobs, "is_here", lambda who: who in ("anna", "ben"))
    monkeypatch.setattr(session_module.st, "session_state", SessionOf(state))
    jobs._runs.clear()
    yield state
    jobs.stop_all()
    until(lambda: not jobs._runs().active)
    jobs._runs.clear()


class SessionOf:
    """The session state of the present visitor."""

    def __init__(self, state: dict) -> None:
        self._state = state

    def __contains__(self, key: str) -> bool:
        return key in self._state[self._state["visitor"]]

    def __getitem__(self, key: str) -> object:
        return self._state[self._state["visitor"]][key]

    def __setitem__(self, key: str, value: object) -> None:
        self._state[self._state["visitor"]][key] = value


def until(there: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not there():
        assert time.monotonic() < end, "too slow"
        time.sleep(0.005)


def steps(gate: Event, count: int = 10_000) -> Callable[[jobs.JobProgress], str]:
    """Work of many steps, all but the first of which wait for the gate."""

    def work(tell: jobs.JobProgress) -> str:
        for step in range(count):
            tell(step, count, f"{step} steps")
            gate.wait(0.01)
        return "done"

    return work


def test_the_same_question_is_worked_on_once_for_all_who_ask(session: dict):
    calls: list[int] = []
    gate = Event()

    def work(_tell: jobs.JobProgress) -> str:
        calls.append(1)
        gate.wait(WAIT_S)
        return "found"

    jobs.start("same", work)
    session["visitor"] = "ben"
    jobs.start("same", work)
    gate.set()
    until(lambda: not jobs.look("same").running)
    assert jobs.look("same").result == "found"
    assert len(calls) == 1


def test_stopping_leaves_the_work_to_the_others_who_want_it(session: dict):
    gate = Event()
    jobs.start("shared", steps(gate))
    session["visitor"] = "ben"
    jobs.want("shared")
    jobs.stop("shared")
    assert not jobs.look("shared").running
    session["visitor"] = "anna"
    assert jobs.look("shared").running
    jobs.stop("shared")
    until(lambda: not jobs._runs().active)
    assert jobs.look("shared").result is None
    assert jobs.look("shared").partial.endswith("steps")


def test_who_stopped_it_can_join_again(session: dict):
    gate = Event()
    jobs.start("again", steps(gate))
    session["visitor"] = "ben"
    jobs.want("again")
    jobs.stop("again")
    jobs.start("again", steps(gate))
    assert jobs.look("again").running
    assert len(jobs._runs().active) == 1


def test_a_start_right_after_a_stop_begins_anew():
    slow, calls = Event(), []

    def work(tell: jobs.JobProgress) -> str:
        calls.append(1)
        slow.wait(WAIT_S)  # a step that has not noticed the stop yet
        tell(1, 2)
        return "done"

    jobs.start("quick hands", work)
    until(lambda: calls == [1])
    jobs.stop("quick hands")
    jobs.start("quick hands", work)
    slow.set()
    until(lambda: not jobs._runs().active)
    assert jobs.look("quick hands").result == "done"
    assert calls == [1, 1]


def test_work_that_was_stopped_while_it_waited_never_begins():
    gate, begun = Event(), []
    jobs.start("first", steps(gate))
    until(lambda: jobs.look("first").first is not None)
    jobs.start("second", lambda _tell: begun.append(1))
    until(lambda: jobs.look("second").position == 1)
    assert job_lines.in_words(jobs.look("second"), "Map") == "Map: next in line"
    jobs.stop("second")
    until(lambda: not jobs.look("second").running)
    assert jobs.job_of("second", lambda _tell: begun.append(1)).result is None
    assert begun == []


def test_the_place_in_line_is_said(session: dict):
    gate = Event()
    jobs.start("a", steps(gate))
    until(lambda: jobs.look("a").first is not None)
    for number in range(3):
        session["visitor"] = "ben" if number == 1 else "anna"
        jobs.start(f"wait {number}", steps(gate))
    told = {job_lines.in_words(jobs.look(f"wait {n}"), "Pass") for n in range(3)}
    assert told == {"Pass: next in line", "Pass: second in line", "Pass: third in line"}
    assert jobs.look("wait 1").position == 1  # ben has had no turn yet
    assert job_lines.ordinal(12) == "12th"


def test_too_much_at_once_is_refused_in_words_and_can_be_asked_again(session: dict, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(jobs, "MAX_EACH", 2)
    monkeypatch.setattr(jobs, "MAX_ACTIVE", 3)
    gate = Event()
    for key in "abc":
        jobs.start(key, steps(gate))
    assert "2 of your tasks are under way" in jobs.look("c").trouble
    session["visitor"] = "ben"
    jobs.start("d", steps(gate))
    jobs.start("e", steps(gate))
    assert "The server has 3 tasks under way" in jobs.look("e").trouble
    session["visitor"] = "anna"
    jobs.stop("a")
    until(lambda: "a" not in jobs._runs().active)
    jobs.start("c", steps(gate))
    assert jobs.look("c").running


def test_work_whose_visitors_have_left_gives_its_place_up(session: dict, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(jobs, "MAX_ACTIVE", 1)
    left, clock = set(), [0.0]
    monkeypatch.setattr(jobs, "is_here", lambda who: who not in left)
    monkeypatch.setattr(jobs.time, "monotonic", lambda: clock[0] + 1.0)
    jobs.start("left behind", steps(Event()))
    left.add("anna")
    session["visitor"] = "ben"
    assert jobs.look("left behind").running  # a reload takes a moment
    jobs.start("next", steps(Event()))
    assert jobs.look("next").running  # whoever waits does not wait for nobody
    left.add("ben")
    session["visitor"] = "cleo"
    jobs.look("next")
    clock[0] += jobs.DESERTED_S + 1
    jobs.look("next")
    assert jobs.look("next").stop.is_set()


def test_work_that_somebody_came_back_to_goes_on(monkeypatch: pytest.MonkeyPatch):
    left, clock = {"anna"}, [0.0]
    monkeypatch.setattr(jobs, "is_here", lambda who: who not in left)
    monkeypatch.setattr(jobs.time, "monotonic", lambda: clock[0] + 1.0)
    jobs.start("reload", steps(Event()))
    jobs.look("reload")
    left.clear()
    clock[0] += jobs.DESERTED_S + 1
    jobs.look("reload")
    assert not jobs.look("reload").stop.is_set()


def test_errors_are_told_in_their_words_or_kept_for_the_log():
    def refuse(_tell: jobs.JobProgress) -> None:
        raise SightlineError("The disk is full.")

    jobs.start("refused", refuse)
    jobs.start("broken", lambda _tell: number_in(None))  # type: ignore[arg-type]  # a mistake in our own code
    jobs.start("foreign", lambda _tell: Linear(2, 3)(zeros(1, 5)))
    until(lambda: not jobs._runs().active)
    assert jobs.look("refused").trouble == "The disk is full."
    assert "failed on our side" in jobs.look("broken").trouble
    assert "torch: RuntimeError" in jobs.look("foreign").trouble


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives threads a priority of their own")
def test_work_in_the_background_yields_the_cores_to_clicks():
    mine = os.getpriority(os.PRIO_PROCESS, 0)
    jobs.start("nice", lambda _tell: os.getpriority(os.PRIO_PROCESS, 0))
    until(lambda: not jobs.look("nice").running)
    assert jobs.look("nice").result == max(mine, jobs.NICENESS)
    assert os.getpriority(os.PRIO_PROCESS, 0) == mine
