"""What every check of the trust card must keep, so that none can be added without it; gaps are told in words."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

import xai_core as xai
from xai_core.attribution.explain import explain_forward_pass
from xai_core.errors import Cancelled
from xai_core.evaluation import checks
from xai_core.evaluation.check import Beside, Check, Curves, Drawing, Level, MapRow, Note, ToScale
from xai_core.evaluation.map_under_test import MapUnderTest
from xai_core.types import no_progress

LINE = 200  # signs of a summary: two lines of a narrow card


@cache
def map_of(method: str) -> MapUnderTest:
    """A map of a bundled model; a class's name stands in texts as «name», as no text would write it by itself."""
    model, image = xai.load_model("digits"), xai.open_dataset("digits").load(3)
    layer = xai.suggested_layer(model)
    image_pass = xai.forward_image(model, image, [layer])
    result = explain_forward_pass(image_pass, method, [layer])
    names = tuple(f"class {name}" for name in model.config.class_names)
    named = replace(image_pass, prediction=replace(image_pass.prediction, class_names=names))
    result = replace(result, class_names=tuple(f"class {name}" for name in result.class_names))
    return MapUnderTest(named, result, next(iter(result.maps)), named=lambda name: name.replace("class ", "«class» "))


def forgotten(check: Check, others: tuple[Check, ...] = ()) -> Iterator[str]:
    """What a check lacks, each in a sentence."""
    if not check.key.isidentifier():
        yield f"key: '{check.key}' is no name that `found.checks.{check.key}` could have."
    for what in ("key", "question", "doing"):
        if not getattr(check, what):
            yield f"{what} is empty."
        if any(getattr(check, what) == getattr(other, what) for other in others):
            yield f"{what}: another check has '{getattr(check, what)}' already."
    if not check.question.endswith("?"):
        yield f"question: '{check.question}' asks nothing; end it with a question mark."
    for level in get_args(Level):
        if not check.meanings.get(level):
            yield f"meanings: what '{level}' means is not said."
    if not (check.threshold.startswith("**") and check.threshold.endswith(".")):
        yield "threshold: begin with what the levels are of, in bold, and end the sentence."
    if check.passes < 1:
        yield "passes: say what it costs, at least 1."
    for method in ("grad_cam", "gradient"):
        yield from (f"{what} ({method})" for what in _forgotten_of(check, map_of(method)))


def _forgotten_of(check: Check, map_under_test: MapUnderTest) -> Iterator[str]:
    heard: list[tuple[int, int]] = []
    found = check.run(map_under_test, lambda *step: heard.append(step))
    if check.passes > 1 and not heard:
        yield "run: it takes passes and reports no progress, so that nobody can stop it."
    level = check.level(found)
    if not check.meanings.get(level):
        yield f"meanings: what '{level}' means is not said, and the check gives it."
    for what, text in (("summary", check.summary), ("details", check.details)):
        said = text(found, map_under_test)
        if not said.rstrip("*").endswith("."):
            yield f"{what}: '{said}' is no sentence."
        if "class " in said.replace("«class» ", ""):
            yield f"{what}: a class's name stands as it is; take `tested.class_name` or `tested.named(name)`."
        if what == "summary" and ("\n" in said or len(said) > LINE):
            yield f"summary: '{said}' is more than a line."
    for drawing in check.chart(found, map_under_test):
        yield from _forgotten_of_drawing(drawing)


def _forgotten_of_drawing(drawing: Drawing) -> Iterator[str]:
    if not isinstance(drawing, get_args(Drawing)):
        yield f"chart: {type(drawing).__name__} is nothing that the card can draw."
    if isinstance(drawing, Beside):
        for one in drawing.curves:
            yield from _forgotten_of_drawing(one)
    if isinstance(drawing, Curves):
        if not drawing.alt:
            yield f"chart: '{drawing.key}' says nothing to who cannot see it (alt)."
        if any(len(line.x) != len(line.y) for line in drawing.lines):
            yield f"chart: a line of '{drawing.key}' has x and y of different lengths."


def keys(check: Check) -> list[str]:
    """Of what the check draws, and of its line on the card: the page needs them to be distinct."""
    found = check.run(map_of("grad_cam"), no_progress)
    drawings = check.chart(found, map_of("grad_cam"))
    flat = [one for drawing in drawings for one in (drawing.curves if isinstance(drawing, Beside) else (drawing,))]
    return [check.key, *(one.key for one in flat if isinstance(one, Curves | MapRow | ToScale))]


@pytest.mark.parametrize("check", checks.CHECKS, ids=lambda check: check.key)
def test_no_check_forgot_anything(check: Check):
    others = tuple(other for other in checks.CHECKS if other is not check)
    assert list(forgotten(check, others)) == []


@pytest.mark.parametrize("check", checks.CHECKS, ids=lambda check: check.key)
def test_a_check_stands_in_the_file_of_its_name(check: Check):
    assert Path(inspect.getfile(check.run)).stem == check.key


@pytest.mark.parametrize("check", [c for c in checks.CHECKS if c.passes > 1], ids=lambda check: check.key)
def test_a_check_that_takes_long_can_be_stopped(check: Check):
    def stop(_done: int, _total: int) -> None:
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        check.run(map_of("grad_cam"), stop)


def test_what_is_drawn_has_keys_of_its_own_on_the_card():
    drawn = Counter(key for check in checks.CHECKS for key in keys(check))
    assert [f"two drawings have the key '{key}'" for key, times in drawn.items() if times > 1] == []


def test_a_forgetful_check_is_told_in_words():
    forgetful = Check(
        key="my check",
        question="It is so",
        doing="",
        run=lambda _tested, _progress: 1,
        level=lambda _found: None,
        meanings={"good": "Fine."},
        threshold="Passes.",
        summary=lambda _found, tested: tested.result.class_names[0],
        details=lambda _found, tested: f"Of {tested.class_name}.",
        chart=lambda _found, _tested: ("a picture",),  # type: ignore[arg-type,return-value]
        passes=3,
    )
    said = "\n".join(forgotten(forgetful, (replace(forgetful, key="other"),)))
    for words in (
        "'my check' is no name",
        "doing is empty",
        "question: another check has",
        "asks nothing",
        "what 'bad' means",
        "what 'None' means is not said, and the check gives it",
        "in bold",
        "reports no progress",
        "is no sentence",
        "summary: a class's name stands as it is",
        "str is nothing that the card can draw",
    ):
        assert words in said
    assert "details" not in said
    assert list(_forgotten_of_drawing(Note("Fine."))) == []


def test_the_guide_tells_of_every_check_in_the_order_of_the_card():
    guide = (Path(__file__).parents[2] / "docs" / "guide.md").read_text("utf-8")
    lacking = [check.question for check in checks.CHECKS if f"\n- *{check.question}*" not in guide]
    assert not lacking, f"docs/guide.md, Can I trust this map: a line is missing for {lacking}"
    places = [guide.index(f"\n- *{check.question}*") for check in checks.CHECKS]
    assert places == sorted(places)
