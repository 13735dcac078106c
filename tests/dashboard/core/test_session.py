"""What a visit remembers: typed keys, how far they live, and that nothing else touches Streamlit's session state."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from dashboard.core import session
from dashboard.core.session import StateKey, WidgetKey

ROOT = Path(__file__).resolve().parents[3]
DOOR = ROOT / "dashboard" / "core" / "session.py"
FILES = [file for part in ("dashboard", "pages") for file in sorted((ROOT / part).rglob("*.py")) if file != DOOR]


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    state: dict[str, Any] = {}
    monkeypatch.setattr(session.st, "session_state", state)
    return state


@pytest.mark.usefixtures("kept")
def test_a_first_value_is_made_once_and_remembered() -> None:
    key = StateKey[list[int]]("numbers", list)
    key.get().append(3)
    assert key.get() == [3]
    assert key.take() == [3]
    assert key.get() == []


@pytest.mark.usefixtures("kept")
def test_what_ends_with_the_way_back_is_forgotten_then_and_the_rest_stays() -> None:
    panes, trail = StateKey("panes", int, ends="back"), StateKey("trail", int)
    scans = StateKey("scans", list[str], ends="own scans")
    panes.set(5)
    trail.set(6)
    scans.get().append("one")  # never set by hand
    session.end("back")
    assert (panes.is_set(), trail.get(), scans.get()) == (False, 6, ["one"])
    session.end("own scans")
    assert scans.get() == []


def test_a_widget_that_was_not_drawn_is_read_but_not_written(kept: dict[str, Any]) -> None:
    """Streamlit restores a widget's own value where it is drawn; one that is written before would take its place."""
    assert WidgetKey("switch", False).get() is False
    assert kept == {}


def test_nothing_but_the_door_touches_the_session_state() -> None:
    touching = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "session_state" and ast.unparse(node.value) == "st"
    ]
    assert touching == []


def test_no_two_keys_have_one_name() -> None:
    calls = [
        node
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and _called(node.func) in ("StateKey", "WidgetKey")
    ]
    names = [ast.unparse(call.args[0]) for call in calls]
    assert len(names) > 40
    assert [name for name, count in Counter(names).items() if count > 1] == []


def _called(function: ast.expr) -> str:
    """The name of what is called, StateKey for StateKey[int] too."""
    return ast.unparse(function.value if isinstance(function, ast.Subscript) else function)
