"""The house's docstrings as the reference shows them: `name: what it is` becomes a row of a table.

A docstring is a sentence, then prose, in which entries stand one after another: `name: text`, `name, name: text` or
`on_progress(done, total) ...` for arguments and fields, `SomeError: when` for errors. An entry begins a line or follows
a full stop; it ends where the next begins, or where a line begins with a new sentence. Examples come last.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from textwrap import indent
from typing import Any

import griffe

_START = r"(?:^|(?<=\n)|(?<=[.;] ))"
_ENTRY = re.compile(_START + r"(?:(?P<names>\w+(?:, \w+)*): |(?P<called>on_progress)(?=\())")
_NEW_SENTENCE = re.compile(r"(?<=\.)\n(?=[A-Z`{]|\w+(?:, \w+)*: )")
_NOT_ERRORS = {"Cancelled", "NotApplicable"}  # errors whose names do not say so


class DocstringSections(griffe.Extension):
    """What griffe calls for each function and class that it has read."""

    def on_function(self, *, func: griffe.Function, **_: Any) -> None:
        """Sections "Args" and "Raises" of a function."""
        if func.docstring:
            func.docstring.value = with_sections(func.docstring.value, [one.name for one in func.parameters], "Args")

    def on_class(self, *, cls: griffe.Class, **_: Any) -> None:
        """Sections "Attributes" and "Raises" of a class."""
        if cls.docstring:
            cls.docstring.value = with_sections(cls.docstring.value, cls.attributes, "Attributes")


def with_sections(text: str, known: Collection[str], title: str) -> str:
    """The docstring with its entries moved into sections as Google writes them.

    known: the names of the arguments or fields. title: what their section is called.
    """
    described: list[tuple[str, str]] = []
    errors: list[tuple[str, str]] = []
    prose: list[str] = []
    told, _, example = text.partition("\n\n>>> ")
    for names, body in _parts(told, known):
        if not names:
            prose.append(body)
        for name in names:
            (errors if _is_error(name) else described).append((name, body))
    sections = [*_section(title, described), *_section("Raises", errors)]
    if example:
        sections.append(f"Examples:\n{indent('>>> ' + example, '    ')}")
    return "\n\n".join([*filter(None, map(str.strip, prose)), *sections])


def _parts(text: str, known: Collection[str]) -> Iterable[tuple[list[str], str]]:
    """The text cut into entries (names, what is said of them) and what lies between them ([], prose)."""
    for paragraph in text.split("\n\n"):
        end = 0
        for entry in _ENTRY.finditer(paragraph):
            names = (entry["names"] or entry["called"]).split(", ")
            if entry.start() < end or not all(name in known or _is_error(name) for name in names):
                continue
            yield [], paragraph[end : entry.start()]
            end = _end_of_entry(paragraph, entry.end(), known)
            yield names, " ".join(paragraph[entry.end() : end].split())
        yield [], paragraph[end:]


def _end_of_entry(paragraph: str, start: int, known: Collection[str]) -> int:
    following = _NEW_SENTENCE.search(paragraph, start)
    end = following.start() if following else len(paragraph)
    for entry in _ENTRY.finditer(paragraph, start, end):
        if all(name in known or _is_error(name) for name in (entry["names"] or entry["called"]).split(", ")):
            return entry.start()
    return end


def _is_error(name: str) -> bool:
    return name.endswith("Error") or name in _NOT_ERRORS


def _section(title: str, entries: Iterable[tuple[str, str]]) -> list[str]:
    rows = [f"    {name}: {body}" for name, body in entries]
    return ["\n".join([f"{title}:", *rows])] if rows else []
