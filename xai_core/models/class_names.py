"""The names of the 1000 ImageNet-1K classes, from the WordNet tables that timm carries (Fellbaum, WordNet 3.0)."""

from __future__ import annotations

import importlib.util
import re
from collections import Counter
from functools import cache
from pathlib import Path

from xai_core.errors import ModelError

_UP_TO_FIRST_COMMA = re.compile(r"(?:\([^)]*\)|[^,])*")
_BRACKET_LENGTH = 50
# A long definition reads better when it ends before a connecting word than right after it.
_LONG_DEFINITION = re.compile(rf".{{1,{_BRACKET_LENGTH}}}(?= (?:and|having|to|with) )|.{{1,{_BRACKET_LENGTH}}}(?= |$)")


@cache
def imagenet_ids() -> tuple[str, ...]:
    """The 1000 WordNet ids in label order: "n01440764", ..."""
    return tuple(_table("imagenet_synsets.txt").split())


@cache
def imagenet_names() -> tuple[str, ...]:
    """The 1000 names in label order with all their synonyms: "tench, Tinca tinca", ...

    Where two classes share their first name, the start of the WordNet definition follows it in brackets, so that
    `short_name` is distinct for every class: "crane (lifts and moves heavy objects)".
    """
    ids = imagenet_ids()
    names = _rows("imagenet_synset_to_lemma.txt", ids)
    shared = Counter(map(_sound, names))
    ambiguous = [index for index, name in enumerate(names) if shared[_sound(name)] > 1]
    definitions = _rows("imagenet_synset_to_definition.txt", [ids[index] for index in ambiguous])
    for index, definition in zip(ambiguous, definitions, strict=True):
        first, *rest = names[index].split(", ")
        names[index] = ", ".join([f"{first} ({_start(definition)})", *rest])
    return tuple(names)


def short_name(name: str) -> str:
    """The name up to its first comma; commas inside brackets do not count."""
    return _UP_TO_FIRST_COMMA.match(name)[0].strip() or name  # type: ignore[index]  # the pattern matches any text


def _sound(name: str) -> str:
    """The first synonym without its case and plural: "Cardigan" and "cardigan", "sunglass" and "sunglasses" agree."""
    return name.split(",")[0].lower().removesuffix("es").rstrip("s")


def _start(definition: str) -> str:
    """The first clause of a definition, shortened where it is long."""
    clause = re.split(r"[;,]", definition, maxsplit=1)[0]
    if len(clause) <= _BRACKET_LENGTH:
        return clause
    return _LONG_DEFINITION.match(clause)[0] + "…"  # type: ignore[index]  # WordNet has no word of 50 letters


def _rows(file_name: str, ids: list[str] | tuple[str, ...]) -> list[str]:
    """The text beside each id in a table of lines "id<tab>text"."""
    wanted = set(ids)
    rows = dict(line.split("\t", 1) for line in _table(file_name).splitlines() if line[:9] in wanted)
    return [rows[synset] for synset in ids]


def _table(file_name: str) -> str:
    """One of timm's label tables as text; timm itself is not imported, which would take a second or more."""
    package = importlib.util.find_spec("timm")
    for folder in (package and package.submodule_search_locations) or ():
        path = Path(folder) / "data" / "_info" / file_name
        if path.is_file():
            return path.read_text(encoding="utf-8")
    raise ModelError(
        f"The class names need timm's table {file_name}, which is not installed: install timm 1.0 or newer."
    )
