"""What is kept of one visitor's scans: in their session only, by digest, few at a time, and for an hour."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from cachetools import TTLCache

from dashboard.core.session import StateKey

KEPT_S = 3600
Thing = TypeVar("Thing")


def shelf(name: str, most: int) -> TTLCache[Any, Any]:
    """The visitor's store of this name; what is oldest goes beyond `most`, and everything after an hour."""
    return StateKey(f"mri_shelf_{name}", lambda: TTLCache(most, KEPT_S), ends="own scans").get()


def kept(name: str, key: Hashable, make: Callable[[], Thing], most: int) -> Thing:
    """The thing of this key, made now if it is not there."""
    store = shelf(name, most)
    found = store.get(key)
    if found is None:
        found = store[key] = make()
    return found
