"""What a method's record must say, so that every page can list it and draw it; what it lacks is told in words."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, make_dataclass, replace
from pathlib import Path

import pytest

from xai_core.attribution import methods as folder
from xai_core.attribution.catalog import BY_EVIDENCE, METHODS, find_method
from xai_core.attribution.method import Method, setting
from xai_core.errors import SettingError

TEXTS = {
    "title": "how menus name it",
    "paper": "where it was published",
    "about": "what it does, in one sentence",
    "reading": "how its map is read",
}
BY_ID = [method.key for method in METHODS]


def forgotten(method: Method) -> list[str]:
    """What is missing or wrong in the record, a sentence each."""
    return [f"Method '{method.key}' {what}" for what in (*_texts(method), *_reading(method), *_settings(method))]


def _texts(method: Method) -> Iterator[str]:
    if not re.fullmatch("[a-z][a-z0-9_]*", method.key):
        yield "has a key that a link and a file cannot carry: use small letters, digits and _."
    for field, what in TEXTS.items():
        if not getattr(method, field).strip():
            yield f"has no {field}: say in `{field}=` {what}."
    if not method.class_sensitive and not method.caveat:
        yield "does not depend on the class: warn of it in `caveat=`."


def _reading(method: Method) -> Iterator[str]:
    known = {*BY_EVIDENCE, "rows", "columns", *(field.name for field in fields(method.settings))}
    named = {name for _, name, _, _ in string.Formatter().parse(method.reading) if name is not None}
    for name in sorted(named - known):
        yield f"has {{{name}}} in its reading, which is none of {', '.join(sorted(known))}."
    if not method.class_sensitive and (named & set(BY_EVIDENCE) or "no evidence for or against" not in method.reading):
        yield "does not depend on the class: its reading must say that it is no evidence for or against one."


def _settings(method: Method) -> Iterator[str]:
    if not (is_dataclass(method.settings) and method.settings.__dataclass_params__.frozen):  # type: ignore[attr-defined]
        yield "has settings that can change: make them a frozen dataclass."
    for field in fields(method.settings):
        made = f"make it by `setting({field.default!r}, 'Label', low=, high=, step=)`, or with `options=`"
        if not field.metadata.get("label"):
            yield f"has the setting '{field.name}' without a label: {made}."
        elif field.metadata["options"] is None and None in (field.metadata["low"], field.metadata["high"]):
            yield f"has the setting '{field.name}' without a range: {made}."
        if type(field.default) not in (int, float, str):
            yield f"has the setting '{field.name}', which no link can carry: it is a number or a text."


@pytest.mark.parametrize("method", METHODS, ids=BY_ID)
def test_every_record_is_whole(method: Method) -> None:
    assert forgotten(method) == []


def test_every_file_of_a_method_is_in_the_catalogue_under_its_name() -> None:
    files = {path.stem for path in Path(folder.__file__).parent.glob("*.py")} - {"__init__"}
    unlisted = [f"methods/{name}.py is not in the catalogue: add '{name}' there." for name in sorted(files - {*BY_ID})]
    assert unlisted == []
    assert files == {*BY_ID}, "a method's key is the name of its file"
    assert len(set(BY_ID)) == len(BY_ID)
    assert len({method.title for method in METHODS}) == len(METHODS)


@dataclass(frozen=True)
class Unlabelled:
    masks: int = 10
    batch: int = setting(8, "Batch")


def test_what_a_record_lacks_is_said_in_words() -> None:
    rise = replace(find_method("occlusion"), key="rise", reading="", paper="")
    assert forgotten(rise) == [
        "Method 'rise' has no paper: say in `paper=` where it was published.",
        "Method 'rise' has no reading: say in `reading=` how its map is read.",
    ]
    unlabelled = replace(rise, paper="Petsiuk et al.", reading="The score {falls} by {grid}.", settings=Unlabelled)
    reading, masks, batch = forgotten(unlabelled)
    assert reading.startswith("Method 'rise' has {grid} in its reading, which is none of batch, columns, falls, masks,")
    assert masks.startswith("Method 'rise' has the setting 'masks' without a label: make it by `setting(10, 'Label', ")
    assert batch.startswith("Method 'rise' has the setting 'batch' without a range")
    blind = replace(find_method("eigen_cam"), caveat=None, reading="Where it {raised} the score.")
    assert [told.split(": ")[1] for told in forgotten(blind)] == [
        "warn of it in `caveat=`.",
        "its reading must say that it is no evidence for or against one.",
    ]


def test_a_whole_number_is_asked_for_in_settings_of_either_annotation() -> None:
    """Without `from __future__ import annotations` a field's type is `int` itself and not its name."""
    for kind in (int, "int"):
        settings = make_dataclass("Settings", [("masks", kind, setting(12, "Masks", low=1, high=80))], frozen=True)
        method = replace(METHODS[0], settings=settings)
        assert method.settings_from({"masks": 4}).masks == 4
        with pytest.raises(SettingError, match="a whole number"):
            method.settings_from({"masks": 10.5})
