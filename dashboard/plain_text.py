"""Names that others have written, on a screen that reads Markdown: shown as they are, never as links or pictures."""

from __future__ import annotations

import re

_SIGNS = re.compile(r"([!-/:-@\[-`{-~])")  # all that Markdown, formulas and icons may begin with


def plainly(text: str) -> str:
    """The text so that Markdown shows it letter by letter, on one line."""
    return _SIGNS.sub(r"\\\1", " ".join(text.split()))


def as_code(text: str) -> str:
    """The text in the type of code, such as a path."""
    return f"`{' '.join(text.split()).replace('`', chr(39))}`" if text.strip() else ""
