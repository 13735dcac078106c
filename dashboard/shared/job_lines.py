"""How the screen follows work in the background: a line for each run, with its place in line and a way to stop it."""

import hashlib
import time

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.core import jobs
from dashboard.core.jobs import Job
from dashboard.core.session import StateKey

POLL_S = 0.7
_FOLLOWED = StateKey[list[tuple[str, str, str]]]("runs_followed", list)  # key, title, unit
_PLACES = ("", "next", "second", "third", "fourth", "fifth")


def follow(key: str, title: str, unit: str = "") -> None:
    """Let `lines`, at the end of this run of the page, follow a run; when that ends, the page runs again."""
    jobs.want(key)
    _FOLLOWED.get().append((key, title, unit))


def begin() -> None:
    """To be called before anything of the page follows a run."""
    _FOLLOWED.set([])


def lines(place: DeltaGenerator) -> None:
    """A line for each run that the page follows. It always is the same fragment at the same place: a browser that
    still asks for a fragment which is gone would leave the page as it is."""
    with place:
        st.fragment(_lines, run_every=POLL_S if _FOLLOWED.get() else None)()


def _lines() -> None:
    for key, title, unit in _FOLLOWED.get():
        run = jobs.look(key)
        if run is None or not run.running:
            st.rerun()
        line(key, run, title, unit)


def line(key: str, run: Job, title: str, unit: str = "") -> None:
    """How far a run is, and a button that stops it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(run.done / run.total if run.total else 0.0, in_words(run, title, unit))
        st.button("Stop", key=f"stop_{short(key)}", on_click=jobs.stop, args=(key,), icon=":material/stop_circle:")


def in_words(run: Job, title: str, unit: str = "") -> str:
    """Its place in line; or how far it is, how fast, and how long it will take."""
    counted = f"{run.done:,} of {run.total:,}{unit and ' ' + unit}"
    if run.position:
        so_far = f" {counted};" if run.first is not None and run.total else ""
        return f"{title}:{so_far} {ordinal(run.position)} in line"
    seconds = time.monotonic() - run.started
    if run.first is None or not run.total:
        return f"{title}: {seconds:.0f} s"
    made, words = run.done - run.first, f"{title}: {counted}"
    if made <= 0 or seconds < 1:
        return words
    rate = made / seconds
    return f"{words} · {rate:,.0f} a second · {span((run.total - run.done) / rate)} left"


def ordinal(place: int) -> str:
    """1 is next."""
    return _PLACES[place] if place < len(_PLACES) else f"{place}th"


def span(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def short(key: str) -> str:
    """A key as a short name for widgets."""
    return hashlib.blake2b(key.encode(), digest_size=6).hexdigest()
