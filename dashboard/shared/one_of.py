"""A choice among a few values that all stand in sight, kept for the visit."""

from collections.abc import Mapping
from typing import TypeVar

import streamlit as st

T = TypeVar("T")


def one_of(
    label: str, titles: Mapping[T, str], start: T, key: str, *, help: str | None = None, bare: bool = False
) -> T:
    """The chosen value; there always is one. titles: the values, and what stands for each on the screen.

    bare: the label is for screen readers only.
    """
    return st.segmented_control(
        label,
        list(titles),
        format_func=titles.__getitem__,
        default=start,
        key=key,
        persist_state="session",
        required=True,
        help=help,
        label_visibility="collapsed" if bare else "visible",
    )
