"""A copy of Cheng's brain tumours: a folder that a person names, one that the server is given, or the download."""

from __future__ import annotations

import weakref
from pathlib import Path

import streamlit as st

from dashboard.core.cache_folder import cache_folder
from dashboard.core.configuration import brain_tumours
from dashboard.core.session import StateKey, WidgetKey
from dashboard.shared.local_folder import is_local, open_local_folder
from dashboard.shared.published_sets import at_hand, is_coming
from xai_core.datasets.cheng import ChengCopy, open_cheng
from xai_core.datasets.published import CHENG, PUBLISHED, is_downloaded
from xai_core.durable import mark_used
from xai_core.errors import ImageError

_FOLDER = WidgetKey("mri_case_folder", "")
_WAITING = StateKey("mri_awaits_cases", bool)  # whether this visitor has asked for them and not seen them yet


def find() -> ChengCopy | None:
    """The copy that is at hand; None where there is none. ImageError: the one that was named cannot be used."""
    if _FOLDER.get().strip() and is_local():
        return open_local_folder(_FOLDER.get(), _opened)
    try:
        configured = brain_tumours()
    except ValueError as error:  # it was there when the server started
        raise ImageError(str(error)) from error
    if configured is not None:
        return _opened(configured)
    sets = cache_folder("sets")
    return _downloaded(str(sets / CHENG)) if is_downloaded(CHENG, sets) else None


def arrived() -> bool:
    """Whether this visitor has asked for a copy, which is there now; true once."""
    return _WAITING.take()


def offer(*, found: bool) -> None:
    """How to get a copy: the download with its size, and where a folder may be named, a field for it.

    found: whether there is one already, from wherever.
    """
    wanted = PUBLISHED[CHENG]
    if found and not is_local():
        return
    with st.expander(f"Real tumours: {'another copy' if found else f'{wanted.size_bytes / 1e6:.0f} MB'}"):
        if not found:
            at_hand(CHENG)
            if is_coming(CHENG):
                _WAITING.set(True)
        if is_local():
            st.text_input(
                "A copy on this machine" if found else "Or a copy that is on this machine",
                key=_FOLDER.name,
                persist_state="session",
                placeholder="~/brain-tumours",
                on_change=lambda: _WAITING.set(True),
                help="A folder with the numbered .mat files or their four zips, as figshare has them; or one with "
                "pictures in glioma, meningioma and pituitary, and outlines in a folder -masks beside it. Nothing in "
                "it is changed.",
            )


@st.cache_resource(max_entries=1, show_spinner="Looking for slices …")
def _downloaded(folder: str) -> ChengCopy:
    """The download, marked as used for as long as it is read, so that a cache over its limit leaves it alone."""
    copy, used = open_cheng(Path(folder)), mark_used(Path(folder))
    if used is not None:
        weakref.finalize(copy.read, used.close)
    return copy


def _opened(folder: Path) -> ChengCopy:
    try:
        changed = folder.stat().st_mtime_ns
    except OSError as error:
        raise ImageError(f'The folder "{folder}" is gone; name another.') from error
    return _listed(str(folder), changed)


@st.cache_resource(max_entries=4, show_spinner="Looking for slices …")
def _listed(folder: str, changed: int) -> ChengCopy:  # noqa: ARG001
    """Listed once for each state of the folder."""
    return open_cheng(Path(folder))
