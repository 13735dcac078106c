"""Names that others have written, on a screen that reads Markdown: shown as they are, never as links or pictures."""

import re
from collections.abc import Callable

from xai_core.models.class_names import short_name
from xai_core.render.recipe import percent

_BEGINNINGS = re.compile(r"\]\(|\]\[|\]:|!\[|(?<=\w)\[|\$|<|:(?=material/)")
_SIGNS = re.compile(r"([!-/:-@\[-`{-~])")  # all that Markdown, formulas and icons may begin with


def plainly(text: str) -> str:
    """The text so that Markdown shows it letter by letter, on one line."""
    return _SIGNS.sub(r"\\\1", " ".join(text.split()))


def as_code(text: str) -> str:
    """The text in the type of code, such as a path."""
    return f"`{' '.join(text.split()).replace('`', chr(39))}`" if text.strip() else ""


def in_prose(text: str) -> str:
    """The text so that it can do nothing within a sentence: no link, picture, formula, colour or tag begins in it.
    Ordinary names stay as they are."""
    return _BEGINNINGS.sub(lambda found: "".join(f"\\{sign}" for sign in found[0]), " ".join(text.split()))


def share_first(share: float, written: Callable[[float], str] = percent) -> str:
    """A share as `written` where a paragraph begins with it: Markdown would take "> 99.9 %" for a quotation."""
    return written(share).replace(">", r"\>")


def class_in_prose(name: str) -> str:
    """A class's short name, for a sentence."""
    return in_prose(short_name(name))
