"""The Bench page without a browser: every task and method can be looked at, the table, and an audit of the samples."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.bench import example, task_descriptions
from dashboard.bench.audit_sentences import NOT_JUDGED, in_figures
from dashboard.core import jobs
from dashboard.core.state import Selection
from tests.xai_core.evaluation.test_audit import record
from xai_core.evaluation.planted.bench import stored

PAGE = Path(__file__).resolve().parents[2] / "pages" / "bench.py"


@pytest.fixture
def app() -> Iterator[AppTest]:
    yield AppTest.from_file(str(PAGE), default_timeout=120)
    example._cases.clear()


def test_every_task_says_what_was_planted_and_how_good_the_network_is(app: AppTest):
    app.run()
    for task in task_descriptions.TITLES:
        app.segmented_control(key="bench_task").set_value(task).run()
        assert not app.exception
        said = " ".join(m.value for m in app.markdown)
        assert task_descriptions.TASKS[task].split(".**")[0].strip("*") in said
        assert "{" not in said
        assert any("A blind guess has" in caption.value for caption in app.caption)
    app.segmented_control(key="bench_task").set_value("marked").run()
    assert "with the mark it names 100 % rightly, without it 25 %" in " ".join(m.value for m in app.markdown).lower()


def test_methods_that_read_no_layer_and_cam_have_one_map(app: AppTest):
    app.run()
    for key, maps in (("grad_cam", 3), ("cam", 1), ("gradient", 1)):
        app.selectbox(key="bench_method").set_value(key).run()
        assert not app.exception
        (told,) = [caption.value for caption in app.caption if caption.value.startswith("Evidence in the frame")]
        assert told.split(". A blind")[0].count("%") == maps


def test_the_chart_in_a_sentence_names_the_best_and_those_that_fail(app: AppTest):
    """By hand from the committed table: DeconvNet's shapes energy is below that of the picture's edges."""
    app.run()
    (told,) = [m.value for m in app.markdown if m.value.startswith("Best here")]
    rows = [row for row in stored().rows if row.task == "shapes" and not row.trivial]
    best = max(rows, key=lambda row: row.energy[0])
    assert f"**{best.title}** at the last stage" in told
    assert "DeconvNet" in told.split("nothing: ")[1]
    assert "Grad-CAM," not in told.split("nothing: ")[1]


def test_the_page_shows_the_committed_ranking_quality(app: AppTest):
    app.run()
    best = stored().verdicts["ranking quality of methods that ask about the class"]
    assert any(f"**{100 * best:.0f} %**" in m.value for m in app.markdown)


def test_an_audit_of_the_samples_from_the_button_to_the_table_and_again_from_the_disk(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path))
    app.session_state["bench_tab"] = "audit"
    app.run()
    assert not app.exception
    (button,) = [b for b in app.button if b.key == "audit_start"]
    assert button.label == "Audit 6 pictures"
    button.click().run()
    deadline = time.monotonic() + 120
    while not app.metric and time.monotonic() < deadline:
        app.run()
        time.sleep(0.2)
    assert not app.exception
    figures = {metric.label: metric.value for metric in app.metric}
    assert figures["Pictures"] == "6"
    assert not {"Named rightly", "Confident mistakes"} & set(figures), "the samples carry no classes"
    said = " ".join(m.value for m in app.markdown)
    assert "cannot be said" in said
    assert "the answer that the whole picture gets" in said
    table = next(frame.value for frame in app.dataframe if "Its map" in frame.value)
    assert "Right" not in table
    assert len(table) == 6
    assert table["Probability"].between(1, 100).all(), "percent, written as elsewhere"
    assert "espresso" in set(table["Model sees"])
    jobs._runs.clear()
    again = AppTest.from_file(str(PAGE), default_timeout=120)
    again.session_state["bench_tab"] = "audit"
    again.run()
    assert {metric.label: metric.value for metric in again.metric} == figures
    again.selectbox(key="audit_method").set_value("layer_cam").run()
    assert not again.exception
    assert not again.metric, "another method is another audit"
    assert any(button.key == "audit_start" for button in again.button)


def classes_without_a_namesake() -> None:
    """A page of two pictures: "ring" and "solid" of the data, of which the model knows the second by name."""
    import streamlit as st

    from dashboard.bench.class_matching import judged_by
    from tests.xai_core.evaluation.test_audit import record
    from xai_core.datasets.dataset import Dataset, DatasetItem
    from xai_core.evaluation.audit.job import AuditJob
    from xai_core.evaluation.planted.network import planted_model

    items = (DatasetItem("0", 0), DatasetItem("1", 1), DatasetItem("2", None))
    dataset = Dataset("two", items, ("my ring", "solid"), "digest", lambda _id: None)  # type: ignore[arg-type, return-value]
    job = AuditJob(planted_model("lesions"), dataset, "block4", (-1, 1))
    found = judged_by(job, [record(index=n, truth=truth) for n, truth in enumerate((-1, 1, -1))])
    st.text(str([one.truth for one in found]))


def test_a_class_without_a_namesake_can_be_matched_after_the_audit():
    app = AppTest.from_function(classes_without_a_namesake)
    app.session_state["audit_matching"] = True
    app.run()
    assert not app.exception
    assert app.text[0].value == "[-1, 1, -1]"
    (choice,) = app.selectbox
    assert choice.label == "my ring (1)"
    choice.set_value(0).run()
    assert app.text[0].value == "[0, 1, -1]"
    app.session_state["audit_matching"] = False
    app.run()
    assert not app.selectbox
    assert app.text[0].value == "[0, 1, -1]", "what was said stays when the box is closed"


def images_of_unknown_classes(truths: tuple[int, ...], labelled: bool) -> None:
    """The findings of a few pictures whose classes the model may not know by name, each with another answer."""
    from dashboard.bench import audit_findings
    from tests.xai_core.evaluation.test_audit import record
    from xai_core.datasets.dataset import Dataset, DatasetItem
    from xai_core.evaluation.audit.job import AuditJob, Progressed
    from xai_core.evaluation.planted.network import planted_model

    items = tuple(DatasetItem(str(n), n if labelled else None) for n in range(len(truths)))
    named = tuple(f"own {n}" for n in range(len(truths)))
    dataset = Dataset("few", items, named, "digest", lambda _id: None)  # type: ignore[arg-type, return-value]
    job = AuditJob(planted_model("shapes"), dataset, "block4", truths)
    records = tuple(record(index=n, truth=truth, predicted=n % 6, name=str(n)) for n, truth in enumerate(truths))
    audit_findings.show(job, Progressed(records, (), len(truths), len(truths)))


@pytest.mark.parametrize(("labelled", "told"), [(True, "not known"), (False, None)])
def test_where_no_picture_could_be_judged_nobody_says_zero_mistakes(labelled: bool, told: str | None):
    app = AppTest.from_function(images_of_unknown_classes, args=((-1, -1, -1, -1), labelled)).run()
    assert not app.exception
    figures = {metric.label: metric.value for metric in app.metric}
    assert (figures.get("Named rightly"), figures.get("Confident mistakes")) == (told, told)
    assert any("nobody can say which answers are right" in caption.value for caption in app.caption) == labelled
    assert any("The mean map of all pictures" in caption.value for caption in app.caption), "no answer came up 3 times"


def rankings(app: AppTest) -> list[str]:
    assert not app.exception
    return [name for name in app.segmented_control(key="audit_list").options if name.startswith(("Least", "Most"))]


def test_a_ranking_is_the_worst_quarter_and_of_few_pictures_there_is_none():
    few = AppTest.from_function(images_of_unknown_classes, args=((0, 1, 2, 3, 4, 5), True)).run()
    assert rankings(few) == []
    many = AppTest.from_function(images_of_unknown_classes, args=((-1,) * 24, False)).run()
    assert rankings(many) == ["Least steady (6)", "Most evidence beside the object (6)"]


@pytest.mark.parametrize(("elsewhere", "begins"), [("layer_cam", "layer_cam"), ("ablation_cam", "grad_cam")])
def test_an_audit_begins_with_the_method_of_the_other_pages_or_says_why_not(
    app: AppTest, elsewhere: str, begins: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path))
    app.session_state["bench_tab"] = "audit"
    app.session_state["selection"] = replace(Selection(), method=elsewhere)
    app.run()
    assert app.selectbox(key="audit_method").value == begins
    told = [caption.value for caption in app.caption if "is not offered" in caption.value]
    assert len(told) == (elsewhere != begins)


def test_a_picture_that_could_not_be_judged_has_an_empty_cell():
    app = AppTest.from_function(images_of_unknown_classes, args=((0, -1, 5, -1), True)).run()
    assert not app.exception
    table = next(frame.value for frame in app.dataframe if "Its map" in frame.value)
    assert list(table["Right"]) == ["yes", "", "no", ""]
    (metric,) = [metric for metric in app.metric if metric.label == "Confident mistakes"]
    assert metric.value == "1"
    assert "Of the 2 pictures whose class the model knows." in metric.help


def test_the_report_does_not_count_mistakes_that_nobody_can_know():
    unknown = [record(truth=-1, predicted=n) for n in range(4)]
    assert not any("Confident mistakes" in line for line in in_figures(unknown))
    assert NOT_JUDGED in in_figures(unknown)
    assert "Named rightly: 50 % of 2. Confident mistakes: 1." in in_figures([record(), record(truth=1), *unknown])
