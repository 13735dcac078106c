"""What the Map page computes once for all visitors. Strings are the keys, as in dashboard/shared/cached.py."""

from collections.abc import Callable
from typing import TypeVar, cast

import streamlit as st

Made = TypeVar("Made")


def once(make: Callable[[], Made], *key: str) -> Made:
    """What `make` gives, made when this key is asked for first. The key must name all that goes into it."""
    return cast(Made, _once(key, make))


@st.cache_resource(max_entries=96, show_spinner=False)
def _once(key: tuple[str, ...], _make: Callable[[], object]) -> object:  # noqa: ARG001
    return _make()
