"""What every page must have, and that one more is one file and one line in PAGES."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import app as frame
from dashboard.app import PAGES, Screen

ROOT = frame.ROOT
README, GUIDE = ((ROOT / name).read_text("utf-8") for name in ("README.md", "docs/guide.md"))


def forgotten(screen: Screen, pages: Path, others: tuple[Screen, ...], guide: str) -> list[str]:
    """What a page leaves open, in words. pages: the folder of their files. guide: a text with its heading."""
    name, file, said = f"The page '{screen.name}'", pages / f"{screen.name}.py", []
    if not file.is_file():
        said.append(f"{name} has no file pages/{screen.name}.py.")
    elif not ast.get_docstring(ast.parse(file.read_text("utf-8"))):
        said.append(f"{name} does not begin with a sentence on what it shows.")
    for what in ("name", "title", "icon", "help"):
        if getattr(screen, what) in {getattr(other, what) for other in others}:
            said.append(f"{name} has the {what} of another page.")
    if not re.fullmatch(r"[A-Z].*\.", screen.help):
        said.append(f"{name} says in no sentence what it helps with.")
    if f"## {screen.title}".casefold() not in guide.casefold() and f"## {screen.name}\n" not in guide.casefold():
        said.append(f"{name} has no section “{screen.title}” in docs/guide.md.")
    return said


@pytest.mark.parametrize("screen", PAGES, ids=lambda screen: screen.name)
def test_every_page_has_all_that_is_asked_of_it(screen: Screen) -> None:
    others = tuple(other for other in PAGES if other is not screen)
    assert forgotten(screen, ROOT / "pages", others, GUIDE) == []


def test_every_file_is_a_page_of_the_navigation() -> None:
    files = {path.stem for path in (ROOT / "pages").glob("*.py")} - {"__init__"}
    assert files == {screen.name for screen in PAGES}


def test_pages_of_a_group_stand_together_in_the_navigation() -> None:
    groups = [screen.group for screen in PAGES]
    assert groups == sorted(groups, key=groups.index), "the menus list the pages in the order of PAGES"


def test_the_readme_has_one_line_for_each_page() -> None:
    rows = {row.casefold() for row in re.findall(r"^\| \*\*(.+?)\*\* \|", README, re.M)}
    assert [screen.name for screen in PAGES if not rows & {screen.name, screen.title.casefold()}] == []
    assert len(rows) == len(PAGES)


def test_what_a_new_page_forgot_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "silent.py").write_text("import streamlit\n")
    careless = replace(PAGES[0], name="silent", title="Silent", help="nothing")
    assert forgotten(careless, tmp_path, PAGES, GUIDE) == [
        "The page 'silent' does not begin with a sentence on what it shows.",
        "The page 'silent' has the icon of another page.",
        "The page 'silent' says in no sentence what it helps with.",
        "The page 'silent' has no section “Silent” in docs/guide.md.",
    ]
    assert forgotten(replace(careless, name="gone"), tmp_path, PAGES, GUIDE)[0] == (
        "The page 'gone' has no file pages/gone.py."
    )


# A made-up page, as its one file would be.

MILL = replace(PAGES[0], name="mill", title="Mill", icon="air", help="How the wind turns.")
SCRIPT = '"""How the wind turns."""\n\nimport streamlit as st\n\nst.header("The wind turns the mill")\n'


def _run() -> None:
    from dashboard.app import main

    main()


@pytest.fixture
def _listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pages").mkdir()
    for screen in PAGES:
        (tmp_path / "pages" / f"{screen.name}.py").symlink_to(ROOT / "pages" / f"{screen.name}.py")
    (tmp_path / "pages" / "mill.py").write_text(SCRIPT)
    monkeypatch.setattr(frame, "ROOT", tmp_path)
    monkeypatch.setattr(frame, "PAGES", (MILL, *PAGES))  # the first is the one that opens at "/"


@pytest.mark.usefixtures("_listed")
def test_a_made_up_page_opens_and_is_in_the_navigation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert forgotten(MILL, tmp_path / "pages", PAGES, "## Mill\n") == []
    shown: list[tuple[str, str]] = []
    navigation = frame.st.navigation

    def listed(pages: Any, **options: Any) -> Any:
        groups = pages.values() if isinstance(pages, dict) else [pages]
        shown.extend((page.title, page.url_path) for group in groups for page in group)
        return navigation(pages, **options)

    monkeypatch.setattr(frame.st, "navigation", listed)
    app = AppTest.from_function(_run, default_timeout=120).run()
    assert not app.exception, app.exception[0].message
    assert [header.value for header in app.header] == ["The wind turns the mill"]
    assert shown[0] == ("Mill", "")
    assert ("Mill", "mill") in shown  # its own address leads there too
    assert {(screen.title, screen.name) for screen in PAGES} <= set(shown)
