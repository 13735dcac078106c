"""Maps, and checks of maps, that were computed before, for all visitors, within a budget in bytes.

`st.cache_resource` cannot hold these: computing a slow one draws a progress bar, which a cached function may not.
"""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import streamlit as st

from dashboard.core.configuration import memory
from dashboard.core.lru_cache import LRUCache
from dashboard.core.memory_size import bytes_of

T = TypeVar("T")


@st.cache_resource(show_spinner=False, max_entries=1)
def _kept() -> LRUCache:
    return LRUCache(memory("MAP"))


def known(key: Hashable) -> Any | None:
    """The result of this key if it is kept."""
    return _kept().find(key)


def get_or_make(key: Hashable, make: Callable[[], T]) -> T:
    """The result of this key, made now if it is not kept; visitors who want the same new one each make it."""
    found = known(key)
    if found is None:
        found = make()
        _kept().put(key, found, bytes_of(found))
    return found
