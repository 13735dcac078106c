"""Two models on the same pictures without a browser: the figures are those of plain passes and scikit-learn."""

from __future__ import annotations

import csv
import io
import os
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import accuracy_score
from streamlit.testing.v1 import AppTest

import xai_core as xai
from dashboard.core import jobs
from dashboard.core.state import Selection
from dashboard.models.versus.export import as_csv
from dashboard.models.versus.figures import in_words
from dashboard.models.versus.model_answers import joined
from dashboard.models.versus.versus_request import Pair
from xai_core.datasets import Dataset
from xai_core.errors import ImageError
from xai_core.evaluation.disagreement import Tally
from xai_core.types import LoadedModel, SourceImage

PAGE = Path(__file__).resolve().parents[2] / "pages" / "models.py"


@pytest.fixture(scope="module")
def digits() -> LoadedModel:
    return xai.load_model("digits", device="cpu")


@pytest.fixture(scope="module")
def worse(digits: LoadedModel) -> LoadedModel:
    """The same network with noise on its weights, as a visitor's own."""
    network = xai.load_model("digits", device="cpu").module
    torch.manual_seed(0)
    with torch.no_grad():
        for weight in network.parameters():
            weight += 0.3 * weight.std() * torch.randn_like(weight) if weight.ndim > 1 else 0
    config = replace(digits.config, key="own/worse", title="Worse digits")
    return replace(digits, module=network, config=config, digest="1" * 64)


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path_factory.mktemp("cache")))
    jobs._runs.clear()


def visit(model: str, other: str | None, source: str, own: LoadedModel | None = None) -> AppTest:
    app = AppTest.from_file(str(PAGE), default_timeout=120)
    app.session_state["models_tab"] = "two"
    app.session_state["selection"] = replace(Selection(), model=model)
    app.session_state["unit_data"] = (model, source)
    app.session_state["versus_model"] = other
    app.session_state["own_models"] = {own.config.key: own} if own else {}
    return app.run()


def finished(app: AppTest) -> AppTest:
    deadline = time.monotonic() + 120
    while not app.metric and time.monotonic() < deadline:
        app.run()
        time.sleep(0.2)
    assert not app.exception, app.exception[0].message
    assert not app.error, app.error[0].value
    return app


def figures(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def said(app: AppTest) -> str:
    return "\n".join(e.value for kind in (app.markdown, app.caption, app.warning, app.info) for e in kind)


def plain_pass(model: LoadedModel, dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Best class and its probability of every picture."""
    inputs = torch.cat([xai.prepare(model.config, dataset.load(i)).tensor for i in range(len(dataset))])
    with torch.no_grad():
        sure, best = model.module(inputs).softmax(dim=1).max(dim=1)
    return best.numpy(), sure.numpy()


def test_two_models_of_digits_from_the_button_to_the_maps_and_again_from_the_disk(
    digits: LoadedModel, worse: LoadedModel
):
    app = visit("digits", worse.config.key, "digits", worse)
    (button,) = [b for b in app.button if b.key == "versus_start"]
    assert button.label == "Compare on 1,797 pictures"
    app = finished(button.click().run())

    dataset = xai.open_dataset("digits")
    truth = np.array([item.label for item in dataset.items])
    (a, sure_a), (b, sure_b) = (plain_pass(model, dataset) for model in (digits, worse))
    apart = np.flatnonzero(a != b)
    assert 20 < len(apart) < 1700, "the noise is of no use"
    shown = figures(app)
    assert shown["Pictures"] == "1,797"
    assert shown["Same answer"] == f"{accuracy_score(a, b):.0%}".replace("%", " %")
    assert shown["B is right"] == f"{accuracy_score(truth, b):.0%}".replace("%", " %")
    assert shown["Only A is right"] == f"{((a == truth) & (b != truth)).sum():,}"
    assert shown["Only B is right"] == f"{((a != truth) & (b == truth)).sum():,}"
    assert shown["Both are wrong"] == f"{((a != truth) & (b != truth)).sum():,}"
    words = said(app)
    assert "**A · Handwritten digits (small CNN)** is ahead" in words
    assert "so the lead is hardly chance" in words
    assert "Both models have the same 10 classes." in words
    assert app.segmented_control[-1].value == "Different answers"
    table = app.dataframe[0].value
    surest = apart[np.argmax(np.minimum(sure_a, sure_b)[apart])]
    top = table.iloc[0]
    assert (top["Label"], top["Name"]) == (str(truth[surest]), dataset.items[surest].id)
    assert (top.iloc[2], top.iloc[4]) == (str(a[surest]), str(b[surest]))
    assert top["A sure"] == pytest.approx(100 * sure_a[surest], abs=0.01)
    assert (table.iloc[:, 2] != table.iloc[:, 4]).all()
    assert f"`{dataset.items[surest].id}` · where each model looks" in words

    jobs._runs.clear()
    again = finished(visit("digits", worse.config.key, "digits", worse))
    assert figures(again) == shown, "found on the disk, without a button"


@pytest.mark.slow
def test_another_second_model_lets_the_first_ones_answers_stand(worse: LoadedModel, monkeypatch: pytest.MonkeyPatch):
    passes = []
    build = xai.build_table
    monkeypatch.setattr(
        xai, "build_table", lambda model, *rest, **more: passes.append(model) or build(model, *rest, **more)
    )
    finished(visit("imagenet", "digits", "samples"))
    finished(visit("imagenet", worse.config.key, "samples", worse))
    assert [model.config.key for model in passes] == ["imagenet", "digits", worse.config.key]


def test_models_without_a_common_class_are_shown_but_not_compared():
    app = finished(visit("imagenet", "digits", "samples"))
    assert set(figures(app)) == {"Pictures"}
    words = said(app)
    assert "No class of A has the name of a class of B" in words
    assert "nobody can say which model is right" in words
    assert len(app.dataframe[0].value) == 6
    assert "Same answer" not in words


def test_without_a_second_model_the_page_says_what_to_do():
    app = visit("imagenet", None, "samples")
    assert not app.exception
    assert "Choose model B" in said(app)
    assert "imagenet" not in app.selectbox(key="versus_model").options
    assert visit("imagenet", "own/gone", "samples").selectbox(key="versus_model").value is None


def test_pictures_that_one_model_cannot_read_are_left_out_and_the_table_can_be_taken_along(
    digits: LoadedModel, worse: LoadedModel
):
    few = xai.open_dataset("digits")
    few = replace(few, items=few.items[:20])

    def read(id: str) -> SourceImage:
        if id == few.items[3].id:
            raise ImageError("It is damaged.")
        return dataset_read(id)

    dataset_read = few.read
    a, b = xai.build_table(digits, replace(few, read=read)), xai.build_table(worse, few)
    found = joined(a, b, a.class_names)
    assert len(found) == 19
    assert found.unread == ((few.items[3].id, "It is damaged."),)
    lines = list(csv.reader(io.StringIO(as_csv(Pair(digits, worse, few, "digits"), found))))
    assert lines[0][3:5] == [f"A: Handwritten digits (small CNN) ({digits.digest[:8]})", "A probability"]
    assert len(lines) == 20
    by_name = {line[0]: line for line in lines[1:]}
    for row, item in enumerate(a.items.tolist()):
        line = by_name[few.items[item].id]
        assert line[1] == few.class_names[few.items[item].label]
        assert line[3] == digits.config.class_names[a.predictions[row]]
        assert line[5] == ("yes" if line[3] == line[1] else "no")
        assert line[2] == ("yes" if line[3] == line[6] else "no")


@pytest.mark.parametrize(
    ("tally", "words"),
    [
        (Tally(5, 1, 4, 0, 0.375), "**B · two** is ahead: it alone is right on 4 pictures, the other alone on 1."),
        (Tally(5, 1, 0, 0, 1.0), "**A · one** is ahead: it alone is right on 1 picture, the other alone on 0."),
        (Tally(5, 2, 2, 3, 1.0), "are right equally often, on 7 of 12 pictures."),
        (Tally(5, 1, 4, 0, 0.375), "in **38 %** of such comparisons"),
        (Tally(5, 1, 4, 0, 0.375), "so this may well be chance"),
        (Tally(5, 40, 4, 0, 1e-6), "**< 0.1 %** of such comparisons (McNemar's exact test), so the lead is hardly"),
    ],
)
def test_the_lead_in_words(tally: Tally, words: str):
    assert words in in_words(tally, "one", "two")


def test_uploads_are_compared_and_leave_nothing_on_the_disk(worse: LoadedModel):
    digits, data = xai.open_dataset("digits"), io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for index in range(40):
            image = io.BytesIO()
            Image.fromarray(digits.load(index).pixels).save(image, "PNG")
            archive.writestr(f"{digits.class_name(index)}/{index}.png", image.getvalue())
    app = visit("digits", worse.config.key, "uploads", worse)
    assert not app.metric
    app = app.file_uploader[0].upload("digits.zip", data.getvalue()).run()
    (button,) = [b for b in app.button if b.key == "versus_start"]
    assert button.label == "Compare on 40 pictures"
    shown = figures(finished(button.click().run()))
    assert (shown["Pictures"], shown["A is right"]) == ("40", "100 %")
    assert [path for path in Path(os.environ["SIGHTLINE_CACHE"]).rglob("*") if path.is_file()] == []


def zipped_digits(count: int, zero: str = "0") -> bytes:
    """The first digits, each in the folder of its class; zero: how that of 0 is called."""
    digits, data = xai.open_dataset("digits"), io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for index in range(count):
            image, label = io.BytesIO(), digits.class_name(index)
            Image.fromarray(digits.load(index).pixels).save(image, "PNG")
            archive.writestr(f"{zero if label == '0' else label}/{index}.png", image.getvalue())
    return data.getvalue()


def test_a_class_under_another_name_counts_once_the_visitor_says_which_it_is(worse: LoadedModel):
    digits = xai.open_dataset("digits")
    app = visit("digits", worse.config.key, "uploads", worse)
    app.file_uploader[0].upload("digits.zip", zipped_digits(30, zero="naught")).run()
    app = finished(next(b for b in app.button if b.key == "versus_start").click().run())
    zeros = sum(digits.class_name(index) == "0" for index in range(30))
    assert f"{zeros} pictures do not count for who is right: neither model has a class called naught" in said(app)
    assert any(box.label == "Neither model knows 1 class of these pictures by name" for box in app.expander)
    assert int(figures(app)["Only A is right"]) + int(figures(app)["Both are wrong"]) <= 30 - zeros
    (which,) = [box for box in app.selectbox if box.label == "naught"]
    assert which.value is None
    app = which.select("0").run()
    assert "do not count for who is right: " not in said(app)
    assert next(m.help for m in app.metric if m.label == "A is right").startswith("Of the 30 pictures")
    assert figures(app)["A is right"] == "100 %"


def test_classes_that_one_model_has_are_not_asked_for_and_said_once(worse: LoadedModel):
    """The first ten digits are 0 to 9. A has all ten classes; B calls the first one otherwise, or all of them."""
    names = worse.config.class_names
    for others, about in ((("naught", *names[1:]), "called"), (tuple(f"number {n}" for n in names), "No class of A")):
        other = replace(worse, config=replace(worse.config, key=f"own/{others[0]}", class_names=others))
        app = visit("digits", other.config.key, "uploads", other)
        app.file_uploader[0].upload("digits.zip", zipped_digits(10)).run()
        app = finished(next(b for b in app.button if b.key == "versus_start").click().run())
        assert not [box for box in app.expander if "by name" in box.label], "A knows them all"
        words = said(app)
        assert figures(app)["A is right"] == "100 %"
        assert about in words
        told = "1 picture does not count for who is right: B does not have a class called 0. If it has the class under"
        assert (told in words) == (others[0] == "naught")
        assert ("do not count" in words or "does not count" in words) == (others[0] == "naught"), "said once"


def test_a_model_that_must_be_fetched_can_be_left(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dashboard.shared.model_loading.is_on_disk", lambda _download: False)
    app = visit("imagenet", "torchvision/resnet18", "samples")
    assert "ResNet-18 is not on this machine yet" in said(app)
    app = next(b for b in app.button if b.label == "Choose another").click().run()
    assert app.selectbox(key="versus_model").value is None
    assert "Choose model B" in said(app)


@pytest.mark.slow
def test_a_stopped_comparison_says_so_and_goes_on(worse: LoadedModel):
    app = visit("digits", worse.config.key, "digits", worse)
    (key,) = [key for key in app.session_state["versus_looked"] if "own/worse" in key]
    app.session_state["runs_set_aside"] = {key: None}  # what Stop leaves
    app = app.run()
    assert "Stopped after 0 of 1,797 pictures. What is done is kept." in said(app)
    (button,) = [b for b in app.button if b.key == "versus_start"]
    assert button.label == "Go on"
    assert figures(finished(button.click().run()))["Pictures"] == "1,797"
