"""Work that runs in the background, shared by all visitors who ask for the same, with progress and a way to stop it."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import Any

import streamlit as st
from cachetools import LRUCache
from streamlit.delta_generator import DeltaGenerator

from xai_core.errors import Cancelled, SightlineError

MAX_ENDED = 24
POLL_S = 0.7
_FOLLOWED = "runs_followed"
Progress = Callable[[int, int], None]
_log = logging.getLogger("sightline")


@dataclass(eq=False)
class Run:
    """One piece of work. result: None until it has ended well. trouble: why it ended by itself. done of total, where a
    total of 0 means that the end is not known; first: what was done before it began."""

    running: bool = True
    result: Any = None
    trouble: str | None = None
    done: int = 0
    total: int = 0
    first: int | None = None
    started: float = field(default_factory=time.monotonic)
    stop: Event = field(default_factory=Event)

    def told(self, done: int, total: int) -> None:
        """The progress that the work reports. Cancelled: somebody wants it to stop."""
        if self.first is None:
            self.first, self.started = done, time.monotonic()
        self.done, self.total = done, total
        if self.stop.is_set():
            raise Cancelled("Stopped.")


@dataclass(frozen=True, eq=False)
class _Runs:
    lock: Lock = field(default_factory=Lock)
    turn: Lock = field(default_factory=Lock)
    active: dict[str, Run] = field(default_factory=dict)
    ended: LRUCache[str, Run] = field(default_factory=lambda: LRUCache(MAX_ENDED))


def look(key: str) -> Run | None:
    """The run of this key, active or ended; None where there was none, or it is forgotten."""
    runs = _runs()
    with runs.lock:
        return runs.active.get(key) or runs.ended.get(key)


def start(key: str, work: Callable[[Progress], Any], *, in_turn: bool = True) -> None:
    """Let it run, unless it does already. in_turn: one at a time, as all of them want every core."""
    runs = _runs()
    with runs.lock:
        if key in runs.active:
            return
        run = runs.active[key] = Run()
    turn = runs.turn if in_turn else nullcontext()
    Thread(target=_work, args=(key, run, work, turn, runs), name="background", daemon=True).start()


def run_of(key: str, work: Callable[[Progress], Any], *, in_turn: bool = True) -> Run:
    """The run of this key, started where there was none; one that has ended or was stopped is not started again."""
    if look(key) is None:
        start(key, work, in_turn=in_turn)
    run = look(key)
    assert run is not None  # no run is forgotten so soon
    return run


def stop(key: str) -> None:
    """End it at the next step; what lies on the disk stays."""
    run = look(key)
    if run is not None:
        run.stop.set()


def follow(key: str, title: str, unit: str = "") -> None:
    """Let `lines`, at the end of this run of the page, follow a run; when that ends, the page runs again."""
    st.session_state[_FOLLOWED].append((key, title, unit))


def begin() -> None:
    """To be called before anything of the page follows a run."""
    st.session_state[_FOLLOWED] = []


def lines(place: DeltaGenerator) -> None:
    """A line for each run that the page follows. It always is the same fragment at the same place: a browser that
    still asks for a fragment which is gone would leave the page as it is."""
    with place:
        st.fragment(_lines, run_every=POLL_S if st.session_state[_FOLLOWED] else None)()


def _lines() -> None:
    for key, title, unit in st.session_state.get(_FOLLOWED, ()):
        run = look(key)
        if run is None or not run.running:
            st.rerun()
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress(run.done / run.total if run.total else 0.0, in_words(run, title, unit))
            st.button("Stop", key=f"stop_{short(key)}", on_click=stop, args=(key,), icon=":material/stop_circle:")


def in_words(run: Run, title: str, unit: str) -> str:
    """How far it is, how fast, and how long it will take."""
    seconds = time.monotonic() - run.started
    if run.first is None:
        return f"{title}: waiting for its turn …"
    if not run.total:
        return f"{title}: {seconds:.0f} s"
    made = run.done - run.first
    words = f"{title}: {run.done:,} of {run.total:,}{unit and ' ' + unit}"
    if made <= 0 or seconds < 1:
        return words
    rate = made / seconds
    return f"{words} · {rate:,.0f} a second · {span((run.total - run.done) / rate)} left"


def span(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def short(key: str) -> str:
    """A key as a short name for widgets."""
    return hashlib.blake2b(key.encode(), digest_size=6).hexdigest()


@st.cache_resource(show_spinner=False, max_entries=1)
def _runs() -> _Runs:
    return _Runs()


def _work(key: str, run: Run, work: Callable[[Progress], Any], turn: AbstractContextManager[Any], runs: _Runs) -> None:
    """In a thread of its own, which therefore calls nothing of Streamlit's."""
    try:
        with turn:
            if not run.stop.is_set():
                run.result = work(run.told)
    except Cancelled:
        run.result = None
    except SightlineError as error:
        run.trouble = str(error)
    except Exception as error:  # a thread's error would be lost
        _log.exception("Work in the background failed", exc_info=error)
        run.trouble = "This failed on our side; the server's log says why. What was done so far is kept."
    finally:
        run.running = False
        with runs.lock:
            runs.ended[key] = runs.active.pop(key)
