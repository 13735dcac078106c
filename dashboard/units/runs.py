"""Searches for top patches that run in the background, one at a time, and what they have found so far.

A search goes on while visitors look around or leave, and its state lies on the disk after every batch: after a restart
of the server it goes on where it was. Visitors with the same question share one search.
"""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Semaphore, Thread

import streamlit as st
from cachetools import LRUCache

from dashboard.cache_folder import cache_folder
from xai_core.errors import SightlineError
from xai_core.features.patch_job import PatchJob
from xai_core.features.patches import TopPatches
from xai_core.features.top_patches import search, stored_patches

MAX_FOUND = 32
_log = logging.getLogger("sightline")


@dataclass(frozen=True, eq=False)
class Progress:
    """found: the latest state, None before there is one. running: it grows. trouble: why it stopped by itself."""

    found: TopPatches | None
    running: bool
    trouble: str | None = None


@dataclass(frozen=True, eq=False)
class _Searches:
    """What the server knows of all searches, by the key of their question."""

    lock: Lock = field(default_factory=Lock)
    turn: Semaphore = field(default_factory=Semaphore)
    stops: dict[str, Event] = field(default_factory=dict)
    found: LRUCache[str, TopPatches] = field(default_factory=lambda: LRUCache(MAX_FOUND))
    troubles: LRUCache[str, str] = field(default_factory=lambda: LRUCache(MAX_FOUND))


def progress(job: PatchJob) -> Progress:
    """Where the search for this question stands; also one that an earlier server has left on the disk."""
    searches, key = _searches(), job.key
    with searches.lock:
        running, found = key in searches.stops, searches.found.get(key)
        trouble = searches.troubles.get(key)
    if found is None and not running:
        found = stored_patches(job, _store())
        if found is not None:
            _keep(key, found)
    return Progress(found, running, trouble)


def start(job: PatchJob) -> None:
    """Let the search run, or go on, in the background."""
    searches, key = _searches(), job.key
    with searches.lock:
        if key in searches.stops:
            return
        searches.stops[key] = Event()
        searches.troubles.pop(key, None)
    Thread(target=_run, args=(job, key, searches), name="top-patches", daemon=True).start()


def stop(job: PatchJob) -> None:
    """End the search after its current batch; what was found stays."""
    searches = _searches()
    with searches.lock:
        if job.key in searches.stops:
            searches.stops[job.key].set()


def _store() -> Path:
    """The folder of all results: it holds numbers and the names of unreadable pictures, never pixels."""
    return cache_folder("patches")


@st.cache_resource(show_spinner=False, max_entries=1)
def _searches() -> _Searches:
    return _Searches()


def _keep(key: str, found: TopPatches) -> None:
    searches = _searches()
    with searches.lock:
        searches.found[key] = found


def _run(job: PatchJob, key: str, searches: _Searches) -> None:
    """In a thread of its own, which therefore calls nothing of Streamlit's."""
    trouble = None
    try:
        with searches.turn, closing(search(job, _store())) as states:
            for found in states:
                with searches.lock:
                    searches.found[key] = found
                if searches.stops[key].is_set():
                    break
    except SightlineError as error:
        trouble = str(error)
    except Exception as error:  # a thread's error would be lost
        _log.exception("A search for top patches failed", exc_info=error)
        trouble = "The search failed on our side; the server's log says why. What was found so far is kept."
    finally:
        with searches.lock:
            searches.stops.pop(key, None)
            if trouble:
                searches.troubles[key] = trouble
