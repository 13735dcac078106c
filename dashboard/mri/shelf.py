"""What is kept of one visitor's scans: in their session only, by digest, few at a time, and for an hour."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

import streamlit as st
from cachetools import TTLCache

KEPT_S = 3600
Thing = TypeVar("Thing")


def shelf(name: str, most: int) -> TTLCache:
    """The visitor's store of this name; what is oldest goes beyond `most`, and everything after an hour."""
    return st.session_state.setdefault(f"mri_shelf_{name}", TTLCache(most, KEPT_S))


def kept(name: str, key: Hashable, make: Callable[[], Thing], most: int) -> Thing:
    """The thing of this key, made now if it is not there."""
    store = shelf(name, most)
    found = store.get(key)
    if found is None:
        found = store[key] = make()
    return found


def clear() -> None:
    """Drop everything that was made of the visitor's scans."""
    for name in [name for name in st.session_state if str(name).startswith("mri_shelf_")]:
        del st.session_state[name]
