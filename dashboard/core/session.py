"""What a visit remembers, under typed keys, and the values of its widgets: the only door to `st.session_state`.

A `StateKey` is declared by the file whose choice it is, and says itself how far that lives; nobody clears it by name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar, cast

import streamlit as st

T = TypeVar("T")
Ends = Literal["visit", "back", "own images", "own scans", "opened file"]


@dataclass(frozen=True)
class StateKey(Generic[T]):
    """One thing that a visit remembers. name: used once in the dashboard. start: makes its first value.

    ends: when it is forgotten: with the visit; when the browser goes Back; when the visitor removes their own images or
    scans; when the opened file of a model is closed or another takes its place.
    """

    name: str
    start: Callable[[], T]
    ends: Ends = "visit"

    def get(self) -> T:
        """The value; a first one is made and remembered where there is none."""
        if self.name not in st.session_state:
            self.set(self.start())
        return cast(T, st.session_state[self.name])

    def set(self, value: T) -> None:
        st.session_state[self.name] = value
        if self.ends != "visit":
            _ended_by(self.ends).add(self.name)

    def take(self) -> T:
        """The value, which is then forgotten."""
        value = self.get()
        self.forget()
        return value

    def forget(self) -> None:
        st.session_state.pop(self.name, None)

    def is_set(self) -> bool:
        return self.name in st.session_state


@dataclass(frozen=True)
class WidgetKey(Generic[T]):
    """The `key=` of a widget whose value other code reads or sets. default: its value while it was never drawn."""

    name: str
    default: T

    def get(self) -> T:
        return cast(T, st.session_state.get(self.name, self.default))  # never stored: the widget restores its own

    def set(self, value: T) -> None:
        """Let the widget show this; only before it is drawn in a run, or in a callback."""
        st.session_state[self.name] = value

    def forget(self) -> None:
        st.session_state.pop(self.name, None)

    def is_set(self) -> bool:
        return self.name in st.session_state


def end(what: Ends) -> None:
    """Forget every key that ends with this."""
    for name in _ended_by(what):
        st.session_state.pop(name, None)
    _ended_by(what).clear()


def widget_value(key: str) -> Any:
    """What the widget or component of this key holds; for its own callback."""
    return st.session_state[key]


def show_in_widget(key: str, value: object) -> str:
    """The key of a widget that shows `value` in this run, which links, bars and tiles change as well."""
    st.session_state[key] = value
    return key


def none() -> None:
    """The `start` of what is not there at first."""


def _ended_by(what: Ends) -> set[str]:
    return cast("set[str]", st.session_state.setdefault(f"names ended by {what}", set()))
