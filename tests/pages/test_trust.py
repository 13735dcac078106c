"""The Trust card without a browser: nothing unasked, then six checks and a verdict, kept for the next visitor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from dashboard import cached, results
from dashboard.trust import checks, words
from xai_core.errors import Cancelled

PAGE = Path(__file__).resolve().parents[2] / "pages" / "explain.py"


@pytest.fixture
def app() -> Iterator[AppTest]:
    yield AppTest.from_file(str(PAGE), default_timeout=240)
    cached._traces.clear()
    results._store.clear()


def opened(app: AppTest) -> AppTest:
    app.session_state["trust_card"] = True
    app.run()
    assert not app.exception
    return app


def questions(app: AppTest) -> list[str]:
    return [check.question for check in checks.CHECKS if any(check.question in m.value for m in app.markdown)]


def ask_button(app: AppTest) -> Button:
    return next(button for button in app.button if button.key == "trust_ask")


def test_nothing_is_computed_until_it_is_asked_for_and_the_cost_is_said(app: AppTest, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dashboard.trust.body.make", lambda *_: pytest.fail("no check was asked for"))
    app.run()
    assert not any(button.key == "trust_ask" for button in app.button)
    opened(app)
    assert questions(app) == []
    assert ask_button(app).label == "Check this map"
    assert any("about 150 passes" in caption.value for caption in app.caption)


def test_the_checks_of_the_coffee_map_and_their_verdict(app: AppTest):
    ask_button(opened(app)).click().run()
    assert not app.exception
    assert len(questions(app)) == 6
    assert [box.value for box in app.success] == [words.VERDICTS["good"]]
    said = " ".join(m.value for m in app.markdown)
    assert "Of its 95" in said
    assert "a drop in confidence of" in said
    assert "One cell is 50 × 50 pixels" in said
    assert "espresso" in said
    assert "rank correlation" in said
    kept = len(results._store()[0])
    app.run()
    assert len(questions(app)) == 6, "known checks are shown again without a click"
    assert len(results._store()[0]) == kept


def test_a_method_that_ignores_the_class_gets_the_lowest_level(app: AppTest):
    app.query_params["method"] = "eigen_cam"
    ask_button(opened(app)).click().run()
    assert not app.exception
    (box,) = app.error
    assert box.value.startswith(words.VERDICTS["bad"])
    assert any(words.MEANINGS["specificity"]["bad"] in caption.value for caption in app.caption)


def test_after_a_stop_what_is_ready_stays_and_one_can_go_on(app: AppTest, monkeypatch: pytest.MonkeyPatch):
    real = checks.make

    def stopped_at_the_second(subject: checks.Subject, check: checks.Check, on_stop: Callable[[], None]) -> object:
        if check.name == "cascade":
            on_stop()
            raise Cancelled("You stopped the checks.")
        return real(subject, check, on_stop)

    monkeypatch.setattr("dashboard.trust.body.make", stopped_at_the_second)
    ask_button(opened(app)).click().run()
    app.run()
    assert questions(app) == [check.question for check in checks.CHECKS[:2]]
    assert ask_button(app).label == "Go on"
    assert not app.success
