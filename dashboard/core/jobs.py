"""Work that runs in the background, shared by all visitors who ask for the same, with progress and a way to stop it.

The pieces of work take turns (fair_queue.py), and their threads yield the cores to whoever clicks meanwhile.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import Any, Protocol

import streamlit as st

from dashboard.core.configuration import memory
from dashboard.core.fair_queue import FairQueue, Turn
from dashboard.core.foreign_code import foreign_refusal
from dashboard.core.lru_cache import LRUCache
from dashboard.core.memory_size import bytes_of
from dashboard.core.session import StateKey
from dashboard.core.visitors import NOBODY, is_here, visitor
from xai_core.errors import Cancelled, SightlineError

ENDED_EACH = 16  # results that one visitor holds
MAX_ACTIVE = 16  # of all visitors
MAX_EACH = 5  # of one visitor: what a page may start by itself, and a little more
NICENESS = 10
DESERTED_S = 120.0  # a reload, or a network that fails for a moment, ends nothing
_SET_ASIDE = StateKey[dict[str, str | None]]("runs_set_aside", dict)
_OURS = "This failed on our side; the server's log says why. What was done so far is kept."
_log = logging.getLogger("sightline")


class JobProgress(Protocol):
    """What the work calls at each step; it may show what it has found so far. Cancelled: nobody wants it any more."""

    def __call__(self, done: int, total: int, partial: Any = None, /) -> None: ...


@dataclass(eq=False)
class Job:
    """One piece of work. result: None until it has ended well. partial: the latest that it has shown of it. trouble:
    why it ended by itself. done of total, where a total of 0 means that the end is not known; first: what was done
    before it began. wanted: by which visitors. deserted: since when none of them is there."""

    running: bool = True
    result: Any = None
    partial: Any = None
    trouble: str | None = None
    done: int = 0
    total: int = 0
    first: int | None = None
    started: float = field(default_factory=time.monotonic)
    stop: Event = field(default_factory=Event)
    turn: Turn | None = None
    wanted: set[str] = field(default_factory=set)
    deserted: float | None = None

    def told(self, done: int, total: int, partial: Any = None, /) -> None:
        """The progress that the work reports; where others wait it may take a while, as they work first."""
        if self.first is None:
            self.first, self.started = done, time.monotonic()
        self.done, self.total = done, total
        self.partial = self.partial if partial is None else partial
        if self.turn is not None:
            self.turn.step(self.stop)
        if self.stop.is_set():
            raise Cancelled("Stopped.")

    @property
    def position(self) -> int:
        """Which in line: 1 is next, 0 works."""
        return self.turn.position if self.turn else 0


@dataclass(frozen=True, eq=False)
class _Jobs:
    lock: Lock = field(default_factory=Lock)
    turns: FairQueue = field(default_factory=FairQueue)
    active: dict[str, Job] = field(default_factory=dict)
    ended: LRUCache = field(default_factory=lambda: LRUCache(memory("RESULT"), ENDED_EACH))

    def end(self, key: str, run: Job) -> None:
        """Move a run from the active ones to the ended."""
        size = bytes_of(run.result, run.partial)
        with self.lock:
            self.ended.put(key, run, size, tuple(run.wanted))
            if self.active.get(key) is run:
                del self.active[key]


def look(key: str) -> Job | None:
    """The run of this key, active or ended; None where there was none, or it is forgotten. To a visitor who has stopped
    it, or was refused, it looks ended, though it may go on for others."""
    runs = _runs()
    with runs.lock:
        _end_deserted(runs, DESERTED_S)
        run = runs.active.get(key) or runs.ended.find(key, visitor())
    aside = _set_aside()
    if key not in aside or (run is not None and run.result is not None):
        return run
    before = run or Job()
    return Job(running=False, trouble=aside[key], partial=before.partial, done=before.done, total=before.total)


def start(key: str, work: Callable[[JobProgress], Any], *, in_turn: bool = True) -> None:
    """Let it run, unless it does already. in_turn: not beside other work, as it wants every core. Where too much is
    under way, nothing runs, and to this visitor the run looks ended with that as its trouble."""
    runs, who = _runs(), visitor()
    _set_aside().pop(key, None)
    with runs.lock:
        _end_deserted(runs, DESERTED_S if len(runs.active) < MAX_ACTIVE else 0.0)
        run = runs.active.get(key)
        if run is not None and not run.stop.is_set():
            run.wanted.add(who)
            return
        refusal = _refusal(runs, who)
        if not refusal:
            before = run or runs.ended.find(key)
            turn = runs.turns.join(who) if in_turn else None
            run = runs.active[key] = Job(partial=before and before.partial, turn=turn, wanted={who})
    if refusal:
        _set_aside()[key] = refusal
        return
    Thread(target=_work, args=(key, run, work, runs), name="background", daemon=True).start()


def job_of(key: str, work: Callable[[JobProgress], Any], *, in_turn: bool = True) -> Job:
    """The run of this key, started where there was none; one that has ended or was stopped is not started again."""
    if look(key) is None:
        start(key, work, in_turn=in_turn)
    run = look(key)
    assert run is not None  # no run is forgotten so soon
    return run


def keep(key: str, partial: Any, done: int, total: int) -> Job:
    """A run that an earlier server has left, as one that was stopped, or has ended, here."""
    runs = _runs()
    with runs.lock:
        known = runs.active.get(key) or runs.ended.find(key, visitor())
    if known is None:
        known = Job(running=False, result=partial if done == total else None, partial=partial, done=done, total=total)
        runs.end(key, known)
    return known


def want(key: str) -> None:
    """Count the visitor among those for whom the run goes on."""
    run, who = look(key), visitor()
    if run is not None and run.running:
        with _runs().lock:
            run.wanted.add(who)


def stop(key: str) -> None:
    """The visitor wants it no more: it ends at its next step, unless somebody else still wants it. What lies on the
    disk stays."""
    run, who = look(key), visitor()
    if run is None or not run.running:
        return
    runs = _runs()
    with runs.lock:
        run.wanted.discard(who)
        others = any(map(is_here, run.wanted))
        if not others:
            run.stop.set()
    if others:
        _set_aside()[key] = None
    runs.turns.wake()


def stop_all(wait_s: float = 0.0) -> None:
    """Let everything end at its next step, and wait for that, but not for long: the server ends."""
    runs, end = _runs(), time.monotonic() + wait_s
    with runs.lock:
        for run in runs.active.values():
            run.stop.set()
    runs.turns.wake()
    while runs.active and time.monotonic() < end:
        time.sleep(0.02)


def _set_aside() -> dict[str, str | None]:
    """The runs that this visitor has stopped, or was refused: then with the reason."""
    return _SET_ASIDE.get()


def _refusal(runs: _Jobs, who: str) -> str | None:
    active = [run for run in runs.active.values() if not run.stop.is_set()]
    own = sum(who in run.wanted for run in active)
    if own >= MAX_EACH:
        return f"{own} of your tasks are under way already; wait for one to end, or stop one, and try again."
    if len(active) >= MAX_ACTIVE:
        return f"The server has {len(active)} tasks under way and takes no more now; try again in a while."
    return None


def _end_deserted(runs: _Jobs, after_s: float) -> None:
    """Let work end that has been nobody's for a while; what it left on the disk stays. With the lock held."""
    for run in runs.active.values():
        if any(map(is_here, run.wanted)) or run.wanted <= {NOBODY}:
            run.deserted = None
            continue
        run.deserted = run.deserted or time.monotonic()
        if time.monotonic() - run.deserted >= after_s and not run.stop.is_set():
            run.stop.set()
            runs.turns.wake()


@st.cache_resource(show_spinner=False, max_entries=1)
def _runs() -> _Jobs:
    return _Jobs()


def _work(key: str, run: Job, work: Callable[[JobProgress], Any], runs: _Jobs) -> None:
    """In a thread of its own, which therefore calls nothing of Streamlit's."""
    _yield_to_clicks()
    try:
        if run.turn is not None:
            run.turn.wait(run.stop)
        if not run.stop.is_set():
            run.result = work(run.told)
    except Cancelled:
        run.result = None
    except SightlineError as error:
        run.trouble = str(error)
    except Exception as error:  # a thread's error would be lost
        _log.exception("Work in the background failed", exc_info=error)
        run.trouble = foreign_refusal(error) or _OURS
    finally:
        if run.turn is not None:
            run.turn.end()
        run.running = False
        runs.end(key, run)


def _yield_to_clicks() -> None:
    """Only Linux gives each thread a priority of its own; the threads that this one starts inherit it."""
    if sys.platform == "linux":
        this = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, this, max(NICENESS, os.getpriority(os.PRIO_PROCESS, this)))
