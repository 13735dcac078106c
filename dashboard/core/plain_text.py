"""Names that others have written, on a screen that reads Markdown: shown as they are, never as links or pictures."""

import re
from collections.abc import Callable

from xai_core.models.class_names import short_name
from xai_core.render.recipe import percent

# WORD JOINER (U+2060), which is not seen. Streamlit makes links of bare addresses, and icons, emoji, colours and its
# logo of what stands behind a colon, after Markdown has taken the backslashes away: only a parted text is safe there.
_JOINER = "\u2060"
_PARTED = re.compile(r"(?<=:)(?=[^\W\d_]|//|[\w+-]+:)|(?<=www)(?=\.)|(?<=@)(?=[\w-])", re.IGNORECASE)
_BEGINNINGS = re.compile(
    rf"\]\(|\]\[|\]:|!\[|[$<`~]|:(?={_JOINER})|&(?=#?\w+;)"  # links, pictures, formulas, tags, code, colours, entities
    r"|\*(?=\S)|(?<=\S)\*|(?<![^\W_])_+|_+(?![^\W_])"  # emphasis
    r"|\\(?=[!-/:-@\[-`{-~]|$)"  # a backslash of the text's own, which would take the next sign away
)
_SIGNS = re.compile(r"([!-/:-@\[-`{-~])")  # all that Markdown, formulas and icons may begin with


def plainly(text: str) -> str:
    """The text so that Markdown shows it letter by letter, on one line."""
    return _SIGNS.sub(r"\\\1", _on_one_line(text))


def as_code(text: str) -> str:
    """The text in the type of code, such as a path."""
    told = " ".join(text.split()).replace("`", "'").replace(":material/", f":{_JOINER}material/")
    return f"`{told}`" if told else ""


def in_prose(text: str) -> str:
    """The text so that it can do nothing within a sentence: no link, picture, formula, icon, colour or tag begins in
    it. Ordinary names stay as they are."""
    return _BEGINNINGS.sub(lambda found: "".join(f"\\{sign}" for sign in found[0]), _on_one_line(text))


def _on_one_line(text: str) -> str:
    return _PARTED.sub(_JOINER, " ".join(text.split()))


def share_first(share: float, written: Callable[[float], str] = percent) -> str:
    """A share as `written` where a paragraph begins with it: Markdown would take "> 99.9 %" for a quotation."""
    return written(share).replace(">", r"\>")


def class_in_prose(name: str) -> str:
    """A class's short name, for a sentence."""
    return in_prose(short_name(name))
