"""Maps, and checks of maps, that were computed before, for all visitors, the least recently used going first.

`st.cache_resource` cannot hold these: computing a slow one draws a progress bar, which a cached function may not.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

import streamlit as st
from cachetools import LRUCache

MAX_RESULTS = 256

T = TypeVar("T")


@st.cache_resource(show_spinner=False, max_entries=1)
def _store() -> tuple[LRUCache[Hashable, Any], Lock]:
    return LRUCache(MAX_RESULTS), Lock()


def known(key: Hashable) -> Any | None:
    """The result of this key if it is kept."""
    kept, lock = _store()
    with lock:
        return kept.get(key)


def get_or_make(key: Hashable, make: Callable[[], T]) -> T:
    """The result of this key, made now if it is not kept; visitors who want the same new one each make it."""
    found = known(key)
    if found is None:
        found = make()
        kept, lock = _store()
        with lock:
            kept[key] = found
    return found
