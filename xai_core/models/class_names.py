"""Class names: ImageNet-1K's from the WordNet tables that timm carries (Fellbaum, WordNet 3.0), and people's own."""

import csv
import importlib.util
import io
import json
import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from xai_core.errors import ModelError

LONGEST = 200  # characters of one name
MOST = 100_000
_UP_TO_FIRST_COMMA = re.compile(r"(?:\([^)]*\)|[^,])*")
_BRACKET_LENGTH = 50
# A long definition reads better when it ends before a connecting word than right after it.
_LONG_DEFINITION = re.compile(rf".{{1,{_BRACKET_LENGTH}}}(?= (?:and|having|to|with) )|.{{1,{_BRACKET_LENGTH}}}(?= |$)")
_GAP = re.compile(r"[\s_\-]+")


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


def read_names(text: str) -> tuple[str, ...]:
    """The names in class order, from JSON (a list, or {"0": name} either way round), a CSV table, lines or commas.

    A table's row is a name, or "index,name" in any order of rows; a first row without a number there is its heading.
    ModelError: nothing in it, two names for one class, gaps in the numbers, names that are no text or too long.
    """
    text = text.strip().removeprefix("\ufeff")
    if not text:
        raise ModelError("No class names were given; write one name a line, in the order of the network's outputs.")
    found = _from_json(text) if text[0] in "[{" else _from_rows(text)
    names = tuple(" ".join(name.split()) for name in found)
    if len(names) > MOST:
        raise ModelError(f"{len(names)} names were given; up to {MOST} are read.")
    for index, name in enumerate(names):
        if not name or not is_plain(name):
            raise ModelError(
                f"The name of class {index} is empty, unprintable, longer than {LONGEST} characters or a link."
            )
    return names


def as_prose(text: str) -> str:
    """A stranger's text without the letters that a screen would draw as anything but text; callers cut it short."""
    return "".join(c for c in text if c.isprintable() and c not in "[]<>`*$\\")


def is_plain(text: str, longest: int = LONGEST) -> bool:
    """Whether a stranger's text may stand on a screen: printable, not long, and no link or picture in Markdown."""
    return len(text) <= longest and text.isprintable() and "](" not in text


def _from_json(text: str) -> Sequence[str]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(
            "The class names begin like JSON but are not valid JSON; check brackets and commas."
        ) from error
    if isinstance(content, list):
        return _texts(content)
    by_number = all(str(key).strip().isdecimal() for key in content)
    pairs = content.items() if by_number else [(value, key) for key, value in content.items()]
    return _in_order([(str(number), _texts([name])[0]) for number, name in pairs])


def _texts(values: Sequence[object]) -> list[str]:
    if not all(isinstance(value, (str, int, float)) and not isinstance(value, bool) for value in values):
        raise ModelError('Class names in JSON are a list of texts, or a table like {"0": "cat", "1": "dog"}.')
    return [str(value) for value in values]


def _from_rows(text: str) -> Sequence[str]:
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) == 1:
        return [part for part in lines[0].replace(";", ",").split(",") if part.strip()]
    mark = next((m for m in ("\t", ";", ",") if all(m in line for line in lines)), None)
    if mark is None:
        return lines
    try:
        table = csv.reader(io.StringIO("\n".join(lines)), delimiter=mark, strict=True)
        rows = [(row[0], row[1] if len(row) > 1 else "") for row in table]
    except csv.Error as error:
        raise ModelError(
            "The table of class names has an open quotation mark; close it, or write one name a line."
        ) from error
    if _numbered(rows[1:], 0):
        return _in_order(rows[0 if _numbered(rows[:1], 0) else 1 :])
    if _numbered(rows[1:], 1):
        return _in_order([(b, a) for a, b in rows[0 if _numbered(rows[:1], 1) else 1 :]])
    return lines  # names with commas in them, such as ImageNet's


def _numbered(rows: Sequence[Sequence[str]], column: int) -> bool:
    return bool(rows) and all(row[column].strip().isdecimal() for row in rows)


def _in_order(pairs: Sequence[tuple[str, str]]) -> list[str]:
    try:
        table = {int(number): name for number, name in pairs}
    except ValueError as error:
        raise ModelError('Each class needs its number: {"0": "cat", "1": "dog"}, or rows such as 0,cat.') from error
    if len(table) != len(pairs):
        raise ModelError("Two of the class names have the same number; give each class its own.")
    if sorted(table) != list(range(len(table))):
        raise ModelError(
            f"The numbers of the {len(table)} classes do not run from 0 to {len(table) - 1}; leave no gap."
        )
    return [table[index] for index in range(len(table))]


def plain(name: str) -> str:
    """The name without what folders cannot or people do not keep: case, and what stands between words."""
    return _GAP.sub(" ", name).strip().casefold()


def matched(class_names: Sequence[str], model_classes: Sequence[str]) -> np.ndarray:
    """int64 (len(class_names),): the index of the model's class of the same name, -1 where it has none.

    Of "cab, hack, taxi" each name counts where no other class has it.
    """
    index = {plain(name): i for i, name in reversed(list(enumerate(model_classes)))}  # the first of equals counts
    names = [{plain(one) for one in name.split(",")} for name in model_classes]
    often = Counter(one for several in names for one in several)
    index = {one: i for i, several in enumerate(names) for one in several if often[one] == 1} | index
    return np.array([index.get(plain(name), -1) for name in class_names], np.int64)
