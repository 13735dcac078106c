"""The Trust card without a browser: nothing unasked, then the checks and a verdict, kept for the next visitor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

import xai_core as xai
from dashboard.core import results
from dashboard.shared import cached
from dashboard.shared.trust import check_lines
from dashboard.shared.trust.erase.state import Desk, stroke_from, taken_in
from dashboard.shared.trust.subject import CheckKey, Subject
from xai_core.errors import Cancelled
from xai_core.evaluation import checks
from xai_core.evaluation.check import Check, Drawing, Level
from xai_core.evaluation.erase import Stroke
from xai_core.evaluation.familiarity import Familiarity
from xai_core.evaluation.verdict import VERDICTS

PAGE = Path(__file__).resolve().parents[2] / "pages" / "explain.py"


@pytest.fixture
def app() -> Iterator[AppTest]:
    yield AppTest.from_file(str(PAGE), default_timeout=240)
    cached._forward_passes.clear()
    results._kept.clear()


def opened(app: AppTest) -> AppTest:
    app.session_state["trust_card"] = True
    app.run()
    assert not app.exception
    return app


def lines(app: AppTest) -> list[str]:
    """The summary, a line a check; without Markdown's stars and with plain spaces."""
    requested = [check.question for check in checks.CHECKS]
    labels = [box.label.replace("**", "").replace("\N{NO-BREAK SPACE}", " ") for box in app.expander]
    return [label for label in labels if label.startswith(tuple(requested))]


def questions(app: AppTest) -> list[str]:
    said = lines(app)
    return [check.question for check in checks.CHECKS if any(line.startswith(check.question) for line in said)]


def details(app: AppTest, name: str) -> str:
    """What a line shows when it is opened."""
    app.session_state[f"trust_{name}"] = True
    app.run()
    assert not app.exception
    return " ".join(m.value for m in app.markdown)


def meaning(key: str, level: Level) -> str:
    return next(check.meanings[level] for check in checks.CHECKS if check.key == key)


def ask_button(app: AppTest) -> Button:
    return next(button for button in app.button if button.key == "trust_ask")


def test_nothing_is_computed_until_it_is_asked_for_and_the_cost_is_said(app: AppTest, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dashboard.shared.trust.check_lines.make", lambda *_: pytest.fail("no check was asked for"))
    app.run()
    assert not any(button.key == "trust_ask" for button in app.button)
    opened(app)
    assert questions(app) == []
    assert ask_button(app).label == "Check this map"
    passes = round(sum(check.passes for check in checks.CHECKS), -1)
    assert any(f"about {passes} passes" in caption.value for caption in app.caption)


def test_the_checks_of_the_coffee_map_their_verdict_and_their_figures(app: AppTest, monkeypatch: pytest.MonkeyPatch):
    drawn: list[str] = []
    real = check_lines.draw

    def draw(drawing: Drawing, subject: Subject) -> None:
        drawn.append(type(drawing).__name__)
        real(drawing, subject)

    monkeypatch.setattr(check_lines, "draw", draw)
    ask_button(opened(app)).click().run()
    assert not app.exception
    assert questions(app) == [check.question for check in checks.CHECKS]
    assert [box.value for box in app.success] == [VERDICTS["good"]]
    use, gaps, network, classes, stable, grid = lines(app)
    assert all(":green-badge[" in line for line in (use, gaps, network, classes, stable))
    assert "espresso goes from 95 % to" in use
    assert "without its lowest" in gaps
    assert all("likeness" in line and "rank correlation" not in line for line in (network, classes, stable))
    assert "7 × 7 cells of 50 × 50 pixels" in grid
    assert max(map(len, lines(app))) < 220, "one line each, two in a narrow card"
    kept = len(results._kept())
    app.run()
    assert len(questions(app)) == len(checks.CHECKS), "known checks are shown again without a click"
    assert len(results._kept()) == kept
    assert not drawn, "closed lines cost nothing"
    said = details(app, "road")
    assert drawn == ["Curves"]
    assert "a drop in confidence of" in said
    assert meaning("road", "good") in said
    road = next(
        entry.value
        for key, entry in results._kept()._entries.items()
        if isinstance(key, CheckKey) and key.check == "road"
    )
    average = 100 * float(np.mean(road.own.least - road.own.most))
    assert f"**{average:.0f} points** more" in said, "not halved, as the reader would compute it"
    assert "One cell is 50 × 50 pixels" in details(app, "resolution")
    assert "halved" not in said
    assert "Gain" not in details(app, "faithfulness")


def test_a_method_that_ignores_the_class_gets_the_lowest_level(app: AppTest):
    app.query_params["method"] = "eigen_cam"
    ask_button(opened(app)).click().run()
    assert not app.exception
    (box,) = app.error
    assert box.value.startswith(VERDICTS["bad"])
    assert "Is it about this class?" in box.value, "the verdict names what fails"
    assert "Is it stable?" not in box.value
    assert ":red-badge[" in next(line for line in lines(app) if line.startswith("Is it about this class?"))
    assert meaning("specificity", "bad") in details(app, "specificity")


def test_an_unsure_model_and_an_unfamiliar_picture_come_first(app: AppTest, monkeypatch: pytest.MonkeyPatch):
    """Tiger cat 39 %, Egyptian cat 36 %: whatever the checks say, no map of this answer gets the highest level."""
    far = Familiarity(0.9, 0.3, np.zeros(5, np.int64), np.zeros(5, np.float32))
    monkeypatch.setattr("dashboard.shared.trust.subject.familiarity_of", lambda _traced: far)
    app.query_params["sample"] = "cat"
    ask_button(opened(app)).click().run()
    assert not app.exception
    (box,) = [*app.warning, *app.error]
    assert box.value.startswith("**The model itself is unsure**: tiger cat and Egyptian cat are only 3.6 points apart.")
    assert "unlike those that the model was trained on" in box.value
    assert not app.success


def test_after_a_stop_what_is_ready_stays_and_one_can_go_on(app: AppTest, monkeypatch: pytest.MonkeyPatch):
    real = check_lines.make

    def stopped_at_the_second(subject: Subject, check: Check, on_stop: Callable[[], None]) -> object:
        if check.key == "parameter_randomisation":
            on_stop()
            raise Cancelled("You stopped the checks.")
        return real(subject, check, on_stop)

    monkeypatch.setattr("dashboard.shared.trust.check_lines.make", stopped_at_the_second)
    ask_button(opened(app)).click().run()
    app.run()
    assert questions(app) == [check.question for check in checks.CHECKS[:2]]
    assert ask_button(app).label == "Go on"
    assert not app.success


def test_the_key_of_a_check_holds_every_field_of_the_explanation_that_does_not_follow_from_others():
    model, image = xai.load_model("digits"), xai.open_dataset("digits").load(3)
    result = xai.explain(model, image)
    (layer,) = result.maps
    known = Subject(xai.forward_image(model, image, [layer]), result, layer, "trust", "viewer")
    assert known.key == replace(known, place="another").key
    assert known.key != replace(known, layer="another").key
    for name in {field.name for field in fields(result)} - {"maps", "scores", "probabilities"}:
        other = {"another": 1} if name == "settings" else "another"
        assert known.key != replace(known, result=replace(result, **{name: other})).key, name


def test_erase_and_retest_of_the_strongest_part_and_its_history(app: AppTest):
    app.session_state["trust_erase"] = True
    app.run()
    assert not app.exception
    assert any("Mark a part of the picture on the left" in box.value for box in app.info)
    mark = next(button for button in app.button if button.key == "trust_strongest")
    mark.click().run()
    assert not app.exception
    (said,) = [m.value for m in app.markdown if m.value.startswith("**espresso: 95 % →")]
    after = float(said.split("→")[1].split("%")[0].strip(" <*"))
    assert after < 80
    assert len(app.session_state["trust_desk"].trials) == 1
    app.segmented_control(key="trust_keep").set_value(True).run()
    assert not app.exception
    first, second = app.session_state["trust_desk"].trials
    assert (first.keep, second.keep) == (True, False)
    assert first.share == second.share == pytest.approx(0.2, abs=1e-3)
    assert first.after != second.after


def test_each_map_finds_its_trials_again(app: AppTest):
    app.session_state["trust_erase"] = True
    app.run()
    next(button for button in app.button if button.key == "trust_strongest").click().run()
    before = list(app.session_state["trust_desk"].trials)
    assert [trial.marked.how for trial in before] == ["the map's strongest"]
    other = app.session_state["selection"]
    app.session_state["selection"] = replace(other, class_index=504)
    app.run()
    assert before[0] not in app.session_state["trust_desk"].trials
    app.session_state["selection"] = other
    app.run()
    assert not app.exception
    assert app.session_state["trust_desk"].trials == before


def test_what_a_browser_may_send_as_a_stroke():
    box = {"kind": "box", "points": [[1, 2], [30.5, 40]]}
    assert stroke_from(box) == Stroke("box", ((1, 2), (30.5, 40)))
    brush = {"kind": "brush", "points": [[1, 2]], "radius": 4}
    assert stroke_from(brush) == Stroke("brush", ((1, 2),), 4)
    worse = [
        None,
        7,
        "redo",
        {},
        box | {"points": [[1, 2]]},
        box | {"points": [[1, float("nan")], [2, 3]]},
        brush | {"points": []},
        brush | {"points": [[1]]},
        brush | {"radius": "wide"},
        brush | {"kind": "fill"},
        brush | {"points": [[1, 2]] * 3000},
    ]
    assert [stroke_from(told) for told in worse] == [None] * len(worse)


def test_undo_takes_the_last_stroke_and_another_map_begins_a_new_history():
    made = Desk("a map")
    for told in ({"kind": "brush", "points": [[n, 2]], "radius": 4} for n in range(3)):
        taken_in(made, told)
    taken_in(made, "undo")
    assert [stroke.points[0][0] for stroke in made.marked.strokes] == [0, 1]
    taken_in(made, "nonsense")
    assert made.turn == 4
    taken_in(made, "clear")
    assert not made.marked
