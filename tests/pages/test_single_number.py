"""Networks that answer with a single number, from the file to every page: a measure, and a yes or no."""

import io

import pytest
import torch
import torchvision
from streamlit.testing.v1 import AppTest

import xai_core as xai
from tests.pages.test_models import SHARED, button, page, texts, upload, visit_with
from xai_core.types import LoadedModel


@pytest.fixture(scope="module")
def weights() -> bytes:
    torch.manual_seed(0)
    file = io.BytesIO()
    torch.save(torchvision.models.squeezenet1_1(num_classes=1).eval().state_dict(), file)
    return file.getvalue()


@pytest.fixture(scope="module")
def measure(weights: bytes) -> LoadedModel:
    return _small(weights, "age", answer=xai.Answer("number", "years"))


@pytest.fixture(scope="module")
def binary(weights: bytes) -> LoadedModel:
    return _small(weights, "benign", "malignant")


@pytest.fixture(scope="module")
def embedding() -> LoadedModel:
    torch.manual_seed(0)
    module = torchvision.models.squeezenet1_1(num_classes=12).eval()
    names = [f"class {index}" for index in range(12)]
    return xai.wrap_model(
        module,
        input_size=(96, 96),
        mean=(0.5,) * 3,
        std=(0.5,) * 3,
        class_names=names,
        answer="embedding",
        title="Places",
    )


def _small(weights: bytes, *names: str, answer: xai.Answer | None = None) -> LoadedModel:
    module = xai.open_checkpoint(weights, class_names=["x"]).module
    return xai.wrap_model(
        module, input_size=(96, 96), mean=(0.5,) * 3, std=(0.5,) * 3, class_names=names, answer=answer, title="Small"
    )


def choose(app: AppTest, kind: str) -> AppTest:
    group = next(g for g in app.button_group if g.label == "Its single number is")
    return group.set_value(kind).run()


def test_the_form_asks_what_the_number_is(weights: bytes) -> None:
    app = upload(page().run(), "one.pt", weights)
    said = texts(app)
    assert "a single number, reads colour pictures" in said
    assert "measure" in next(a for a in app.text_area if a.label == "What it measures").value
    app = next(t for t in app.text_input if t.label == "Unit").set_value("years").run()
    own = in_use(button(app, "Use this model"))
    assert (own.config.answer, len(own.config.class_names)) == (xai.Answer("number", "years"), 1)
    app = choose(app, "yes_no")
    names = next(a for a in app.text_area if a.label.startswith("What a no is called"))
    assert names.value == "no\nyes"
    own = in_use(button(names.set_value("benign\nmalignant").run(), "Use this model"))
    assert own.config.class_names == ("benign", "malignant")
    prediction = xai.predict(own, xai.load_sample("coffee"))
    assert prediction.probabilities.sum() == pytest.approx(1)
    assert prediction.scores[0] == -prediction.scores[1]


def in_use(app: AppTest) -> LoadedModel:
    assert not app.exception
    model: LoadedModel = app.session_state["own_models"][app.session_state["selection"].model]
    return model


@pytest.mark.parametrize("name", SHARED)
def test_a_measure_is_a_probability_on_no_page(name: str, measure: LoadedModel) -> None:
    app = visit_with(measure, name).run()
    said = texts(app)
    assert "nan" not in said.lower().split()
    assert "probable" not in said
    if name in ("explain", "steps"):
        value = xai.predict(measure, xai.load_sample("cat")).scores[0]
        assert "years" in said + "".join(metric.value for metric in app.metric), value


@pytest.mark.parametrize("name", SHARED)
def test_an_embedding_is_compared_with_another_picture(name: str, embedding: LoadedModel) -> None:
    app = visit_with(embedding, name).run()
    said = texts(app)
    assert not app.error, app.error[0].value
    if name == "explain":
        other = next(s for s in app.selectbox if s.label == "How like this picture")
        first = said.split("Likeness to ")[1].split(chr(10))[0]
        app = other.select_index(5 if other.index != 5 else 4).run()
        assert texts(app).split("Likeness to ")[1].split(chr(10))[0] != first


@pytest.mark.parametrize("name", SHARED)
def test_a_yes_or_no_has_two_classes_on_every_page(name: str, binary: LoadedModel) -> None:
    app = visit_with(binary, name).run()
    said = texts(app)
    if name == "explain":
        assert "malignant" in said or "benign" in said
        assert "probable" in said
