"""Work in the background: shared, bounded, in turn, stopped by those who want it, and kind to whoever clicks."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from threading import Event

import pytest

from dashboard.background import run_lines, runs
from xai_core.errors import SightlineError

WAIT_S = 60


@pytest.fixture(autouse=True)
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, object]]:
    """Who asks, and what their session holds."""
    state: dict[str, object] = {"visitor": "anna", "anna": {}, "ben": {}}
    monkeypatch.setattr(runs, "visitor", lambda: state["visitor"])
    monkeypatch.setattr(runs, "is_here", lambda who: who in ("anna", "ben"))
    monkeypatch.setattr(runs.st, "session_state", SessionOf(state))
    runs._runs.clear()
    yield state
    runs.stop_all()
    until(lambda: not runs._runs().active)
    runs._runs.clear()


class SessionOf:
    """The session state of the present visitor."""

    def __init__(self, state: dict) -> None:
        self._state = state

    def setdefault(self, key: str, value: object) -> object:
        return self._state[self._state["visitor"]].setdefault(key, value)


def until(there: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not there():
        assert time.monotonic() < end, "too slow"
        time.sleep(0.005)


def steps(gate: Event, count: int = 10_000) -> Callable[[runs.Progress], str]:
    """Work of many steps, all but the first of which wait for the gate."""

    def work(tell: runs.Progress) -> str:
        for step in range(count):
            tell(step, count, f"{step} steps")
            gate.wait(0.01)
        return "done"

    return work


def test_the_same_question_is_worked_on_once_for_all_who_ask(session: dict):
    calls: list[int] = []
    gate = Event()

    def work(_tell: runs.Progress) -> str:
        calls.append(1)
        gate.wait(WAIT_S)
        return "found"

    runs.start("same", work)
    session["visitor"] = "ben"
    runs.start("same", work)
    gate.set()
    until(lambda: not runs.look("same").running)
    assert runs.look("same").result == "found"
    assert len(calls) == 1


def test_stopping_leaves_the_work_to_the_others_who_want_it(session: dict):
    gate = Event()
    runs.start("shared", steps(gate))
    session["visitor"] = "ben"
    runs.want("shared")
    runs.stop("shared")
    assert not runs.look("shared").running
    session["visitor"] = "anna"
    assert runs.look("shared").running
    runs.stop("shared")
    until(lambda: not runs._runs().active)
    assert runs.look("shared").result is None
    assert runs.look("shared").partial.endswith("steps")


def test_who_stopped_it_can_join_again(session: dict):
    gate = Event()
    runs.start("again", steps(gate))
    session["visitor"] = "ben"
    runs.want("again")
    runs.stop("again")
    runs.start("again", steps(gate))
    assert runs.look("again").running
    assert len(runs._runs().active) == 1


def test_a_start_right_after_a_stop_begins_anew():
    slow, calls = Event(), []

    def work(tell: runs.Progress) -> str:
        calls.append(1)
        slow.wait(WAIT_S)  # a step that has not noticed the stop yet
        tell(1, 2)
        return "done"

    runs.start("quick hands", work)
    until(lambda: calls == [1])
    runs.stop("quick hands")
    runs.start("quick hands", work)
    slow.set()
    until(lambda: not runs._runs().active)
    assert runs.look("quick hands").result == "done"
    assert calls == [1, 1]


def test_work_that_was_stopped_while_it_waited_never_begins():
    gate, begun = Event(), []
    runs.start("first", steps(gate))
    until(lambda: runs.look("first").first is not None)
    runs.start("second", lambda _tell: begun.append(1))
    until(lambda: runs.look("second").position == 1)
    assert run_lines.in_words(runs.look("second"), "Map") == "Map: next in line"
    runs.stop("second")
    until(lambda: not runs.look("second").running)
    assert runs.run_of("second", lambda _tell: begun.append(1)).result is None
    assert begun == []


def test_the_place_in_line_is_said(session: dict):
    gate = Event()
    runs.start("a", steps(gate))
    until(lambda: runs.look("a").first is not None)
    for number in range(3):
        session["visitor"] = "ben" if number == 1 else "anna"
        runs.start(f"wait {number}", steps(gate))
    told = {run_lines.in_words(runs.look(f"wait {n}"), "Pass") for n in range(3)}
    assert told == {"Pass: next in line", "Pass: second in line", "Pass: third in line"}
    assert runs.look("wait 1").position == 1  # ben has had no turn yet
    assert run_lines.ordinal(12) == "12th"


def test_too_much_at_once_is_refused_in_words_and_can_be_asked_again(session: dict, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(runs, "MAX_EACH", 2)
    monkeypatch.setattr(runs, "MAX_ACTIVE", 3)
    gate = Event()
    for key in "abc":
        runs.start(key, steps(gate))
    assert "2 of your tasks are under way" in runs.look("c").trouble
    session["visitor"] = "ben"
    runs.start("d", steps(gate))
    runs.start("e", steps(gate))
    assert "The server has 3 tasks under way" in runs.look("e").trouble
    session["visitor"] = "anna"
    runs.stop("a")
    until(lambda: "a" not in runs._runs().active)
    runs.start("c", steps(gate))
    assert runs.look("c").running


def test_errors_are_told_in_their_words_or_kept_for_the_log():
    def refuse(_tell: runs.Progress) -> None:
        raise SightlineError("The disk is full.")

    runs.start("refused", refuse)
    runs.start("broken", lambda _tell: 1 / 0)
    until(lambda: not runs._runs().active)
    assert runs.look("refused").trouble == "The disk is full."
    assert "failed on our side" in runs.look("broken").trouble


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives threads a priority of their own")
def test_work_in_the_background_yields_the_cores_to_clicks():
    mine = os.getpriority(os.PRIO_PROCESS, 0)
    runs.start("nice", lambda _tell: os.getpriority(os.PRIO_PROCESS, 0))
    until(lambda: not runs.look("nice").running)
    assert runs.look("nice").result == max(mine, runs.NICENESS)
    assert os.getpriority(os.PRIO_PROCESS, 0) == mine
