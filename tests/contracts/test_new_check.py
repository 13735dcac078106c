"""One file and one line: a check made up here is on the card, in the verdict, in its rules and in the bench."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import xai_core as xai
from dashboard.core import results
from dashboard.shared import cached
from training.planted.verdicts import judged
from xai_core.errors import NotApplicable
from xai_core.evaluation import checks
from xai_core.evaluation.check import Axis, Check, Curves, Drawing, Level, Line, MapRow, NamedMap, Note
from xai_core.evaluation.map_under_test import MapUnderTest
from xai_core.evaluation.planted.bench import stored
from xai_core.evaluation.planted.network import cases
from xai_core.evaluation.verdict import Findings, how_it_is_made
from xai_core.types import ProgressCallback

PAGE = Path(__file__).resolve().parents[2] / "pages" / "explain.py"


def _run(tested: MapUnderTest, _on_progress: ProgressCallback) -> np.ndarray:
    """How much of the evidence each row of the map holds, float (h,)."""
    rows = np.clip(tested.values, 0, None).sum(axis=1)
    return rows / rows.sum()


def _level(found: np.ndarray) -> Level:
    return "bad" if found.max() < 0.99 else "good"


def _chart(found: np.ndarray, tested: MapUnderTest) -> tuple[Drawing, ...]:
    line = Line("rows", np.linspace(0, 1, len(found)), found, "own")
    return (
        Note("From the top down."),
        Curves("rows", "The rows", (line,), Axis("height"), Axis("share"), "Evidence by row"),
        MapRow("upended", (NamedMap("upside down", tested.values[::-1]),)),
    )


CHECK = Check(
    key="one_row",
    question="Does all of it lie in one row?",
    doing="Counting rows",
    run=_run,
    level=_level,
    meanings={"good": "One row has it all.", "unclear": "Nearly.", "bad": "It takes more than one row."},
    threshold="**One row**: fails below 99 % in one row.",
    summary=lambda found, tested: f"The best row for {tested.class_name} has {found.max():.2f} of it.",
    details=lambda found, _tested: f"There are {len(found)} rows.",
    chart=_chart,
    passes=30,
    source="Nobody 2026",
)


@pytest.fixture
def _added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "CHECKS", (*checks.CHECKS, CHECK))


@pytest.mark.usefixtures("_added")
def test_the_library_makes_it_and_the_verdict_follows_from_it():
    model, image = xai.load_model("digits"), xai.open_dataset("digits").load(3)
    told: list[tuple[int, int]] = []
    found = xai.trust(model, image, xai.explain(model, image), on_progress=lambda *step: told.append(step))
    assert found.checks.one_row.sum() == pytest.approx(1)
    assert found.checks.complete
    assert (found.levels["one_row"], found.verdict.level) == ("bad", "bad")
    assert told[-1] == (len(checks.CHECKS), len(checks.CHECKS))


@pytest.mark.usefixtures("_added")
def test_the_bench_judges_by_it():
    assert all(one.levels["one_row"] == "bad" for one in judged("shapes", cases("shapes", 1, seed=700)))


@pytest.mark.usefixtures("_added")
def test_the_rules_say_that_the_verdict_was_not_measured_with_it():
    told = how_it_is_made(0.9, stored().verdicts["checks"])
    assert f"(Bench page), measured before the card asked *{CHECK.question}*." in told


def test_what_is_not_in_the_registry_is_not_there():
    assert "One row" not in how_it_is_made(0.9, stored().verdicts["checks"])
    with pytest.raises(AttributeError, match="There is no check 'one_row'; faithfulness"):
        _ = Findings({}).one_row
    assert Findings({}).road is None


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The card with the quickest of its checks and the one from here."""
    monkeypatch.setattr(checks, "CHECKS", (min(checks.CHECKS, key=lambda check: check.passes), CHECK))
    opened = AppTest.from_file(str(PAGE), default_timeout=240)
    opened.session_state["trust_card"] = True
    opened.run()
    assert not opened.exception
    yield opened
    cached._forward_passes.clear()
    results._kept.clear()


def test_the_card_offers_makes_shows_and_explains_it(app: AppTest):
    assert any("about 30 passes" in caption.value for caption in app.caption)
    app.button(key="trust_ask").click().run()
    assert not app.exception
    line = next(box.label for box in app.expander if CHECK.question in box.label)
    assert ":red-badge[" in line
    assert "The best row for espresso has 0." in line
    (verdict,) = app.error
    assert verdict.value.endswith(f"Failed: *{CHECK.question}*")
    rules = next(m.value for m in app.markdown if "three levels and no score" in m.value)
    assert CHECK.threshold in rules
    assert "Nobody 2026" in rules
    app.session_state["trust_one_row"] = True
    app.run()
    assert not app.exception
    assert any("It takes more than one row.\n\nThere are 7 rows." in m.value for m in app.markdown)
    assert {"From the top down.", "The rows"} <= {caption.value for caption in app.caption}
    assert len(app.get("plotly_chart")) == 1


def test_where_it_has_no_meaning_the_card_says_so(app: AppTest, monkeypatch: pytest.MonkeyPatch):
    def refuse(_tested: MapUnderTest, _on_progress: ProgressCallback) -> object:
        raise NotApplicable("A map of one row has nothing to compare.")

    monkeypatch.setattr(checks, "CHECKS", (checks.CHECKS[0], replace(CHECK, run=refuse)))
    app.button(key="trust_ask").click().run()
    assert not app.exception
    assert any(box.value == f"**{CHECK.question}** A map of one row has nothing to compare." for box in app.info)
