"""The Models page without a browser: from a file of weights to a model that every page uses, for this visitor alone."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
import torchvision
import yaml
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import TextArea
from torch import nn

import xai_core as xai
from dashboard.app import PAGES as SCREENS
from dashboard.core.state import Selection
from dashboard.shared import cached, own_models
from tests.xai_core.models.sources.checkpoint.saved_networks import fastai_torchvision
from tests.xai_core.models.sources.onnx.exports import KerasLike, keras_file
from xai_core.models.catalog import list_again
from xai_core.models.sources.checkpoint.opening import open_checkpoint
from xai_core.models.sources.config_file import write_config
from xai_core.models.sources.own_folder import VARIABLE
from xai_core.types import LoadedModel, ResizeRule

PAGES = Path(__file__).resolve().parents[2] / "pages"
SHARED = [s.name for s in SCREENS if s.name not in ("map", "mri", "bench")]  # these choose models of their own
NAMES = ("glioma", "meningioma", "no tumour", "pituitary")


def network() -> nn.Module:
    """The usual MRI case: resnet18 for grey slices and four classes."""
    torch.manual_seed(0)
    made = torchvision.models.resnet18(weights=None, num_classes=4)
    made.conv1 = nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    return made.eval()


def lightning(made: nn.Module) -> bytes:
    state = {f"model.{name}": tensor for name, tensor in made.state_dict().items()}
    file = io.BytesIO()
    torch.save({"pytorch-lightning_version": "2.5", "state_dict": state | {"loss.weight": torch.ones(4)}}, file)
    return file.getvalue()


@pytest.fixture(scope="module")
def weights() -> bytes:
    return lightning(network())


@pytest.fixture(scope="module")
def model(weights: bytes) -> LoadedModel:
    """The same as a visitor's own, at a size that is quick."""
    config = open_checkpoint(weights, class_names=NAMES).config
    return open_checkpoint(weights, config=replace(config, input_size=(64, 64), resize=ResizeRule(None)))


def page(name: str = "models") -> AppTest:
    return AppTest.from_file(str(PAGES / f"{name}.py"), default_timeout=300)


def texts(app: AppTest) -> str:
    assert not app.exception, app.exception[0].message
    kinds = (app.markdown, app.caption, app.success, app.info, app.warning, app.error, app.subheader, app.header)
    return "\n".join(element.value for kind in kinds for element in kind)


def upload(app: AppTest, name: str, data: bytes) -> AppTest:
    return next(u for u in app.file_uploader if u.label.startswith("A file of weights")).upload(name, data).run()


def visit_with(model: LoadedModel, name: str = "models") -> AppTest:
    """A visit that has the model already."""
    app = page(name)
    app.session_state["own_models"] = {model.config.key: model}
    app.session_state["selection"] = replace(Selection(), model=model.config.key)
    return app


def button(app: AppTest, label: str) -> AppTest:
    return next(b for b in app.button if b.label == label).click().run()


def area_of(app: AppTest) -> TextArea:
    return next(a for a in app.text_area if a.label.startswith("Names of the 4 classes"))


@pytest.mark.slow
def test_a_grey_resnet18_of_a_trainer_goes_from_the_file_into_use(weights: bytes) -> None:
    app = upload(page().run(), "brain.ckpt", weights)
    said = texts(app)
    assert "**torchvision/resnet18**, 4 classes, reads grey pictures (1 channel)" in said
    assert "The prefix 'model.' was taken off the names." in said
    assert "1 tensor was left out: loss.weight." in said
    assert "**timm/resnet18** fits too and gives the same answers" in said
    app = area_of(app).set_value("\n".join(NAMES)).run()
    app = button(app, "Use this model")
    chosen = app.session_state["selection"].model
    assert chosen.startswith("own/")
    own = app.session_state["own_models"][chosen]
    assert own.config.class_names == NAMES
    assert (own.config.title, own.config.mean, own.config.input_size) == ("brain", (0.449,), (224, 224))
    expected = network()
    given = xai.prepare(own.config, xai.load_sample("coffee"), own.device).tensor
    with torch.no_grad():
        assert torch.allclose(own.module(given), expected(given), atol=1e-4)
    assert app.selectbox(key="choice_model").options[0] == "brain · yours"
    assert "Inside brain" in texts(app)
    app = area_of(app).set_value("a\nb\nc\nd").run()
    app = button(app, "Use this model")
    assert [m.config.class_names for m in app.session_state["own_models"].values()] == [("a", "b", "c", "d")]
    app = button(app, "Close this file")
    assert app.session_state["draft"] is None  # its memory can go


def test_names_and_the_click_on_use_may_arrive_together(weights: bytes) -> None:
    app = upload(page().run(), "brain.ckpt", weights)
    area_of(app).set_value("\n".join(NAMES))
    app = button(app, "Use this model")
    (own,) = app.session_state["own_models"].values()
    assert own.config.class_names == NAMES
    assert app.session_state["selection"].model == own.config.key


def test_another_visitor_neither_sees_nor_gets_it(model: LoadedModel) -> None:
    mine, theirs = visit_with(model).run(), page()
    theirs.query_params["model"] = model.config.key
    theirs.run()
    assert "brain" not in " ".join(theirs.selectbox(key="choice_model").options).lower().replace("brain mri", "")
    assert "The link names a model that somebody opened in another visit" in texts(theirs)
    assert theirs.session_state["selection"].model == Selection().model
    assert mine.session_state["selection"].model == model.config.key


@pytest.mark.parametrize("name", [name for name in SHARED if name != "models"])
def test_every_page_works_with_a_grey_model_of_ones_own(name: str, model: LoadedModel) -> None:
    app = visit_with(model, name).run()
    assert not app.exception, app.exception[0].message
    assert not app.error, app.error[0].value
    assert app.selectbox(key="choice_model").value == model.config.key


@pytest.fixture(scope="module")
def transformer() -> LoadedModel:
    torch.manual_seed(0)
    made = timm.create_model("vit_tiny_patch16_224", img_size=64, num_classes=4).eval()
    return xai.wrap_model(made, input_size=(64, 64), mean=(0.5,) * 3, std=(0.5,) * 3, class_names=NAMES)


@pytest.mark.parametrize(
    "name", [name if name == "explain" else pytest.param(name, marks=pytest.mark.slow) for name in SHARED]
)
def test_every_page_works_with_a_transformer(name: str, transformer: LoadedModel) -> None:
    app = visit_with(transformer, name).run()
    assert not app.exception, app.exception[0].message
    assert not app.error, app.error[0].value
    assert app.selectbox(key="choice_model").value == transformer.config.key


def test_one_file_under_two_cards_is_two_models(weights: bytes, model: LoadedModel) -> None:
    other = open_checkpoint(weights, config=replace(model.config, mean=(0.0,), std=(1.0,)))
    assert other.digest == model.digest
    assert other.config.key != model.config.key
    assert cached.identity(other) != cached.identity(model)


def test_a_keras_model_with_several_labels_goes_from_an_onnx_file_into_use() -> None:
    torch.manual_seed(0)
    original = KerasLike(4, 3).eval()
    app = upload(page().run(), "labels.onnx", keras_file(original, 15, "Sigmoid", side=64))
    said = texts(app)
    assert "**ONNX**, 4 classes, reads colour pictures" in said
    assert "Its answers equal onnxruntime's" in said
    assert "The final sigmoid was taken off" in said
    assert next(c for c in app.button_group if c.label == "A picture has").value == "several"
    app = area_of(app).set_value("a\nb\nc\nd").run()
    app = button(app, "Use this model")
    own = app.session_state["own_models"][app.session_state["selection"].model]
    prediction = xai.predict(own, xai.load_sample("coffee"))
    assert abs(prediction.probabilities - 1 / (1 + np.exp(-prediction.scores))).max() < 1e-6
    explained = page("explain")
    explained.session_state["own_models"] = {own.config.key: own}
    explained.session_state["selection"] = replace(Selection(), model=own.config.key)
    assert "for itself" in texts(explained.run())


def test_a_guess_stands_under_a_warning_until_its_owner_says_what_was_trained() -> None:
    torch.manual_seed(0)
    made = torchvision.models.resnet18(weights=None, num_classes=4)
    made.fc = nn.Sequential(nn.Dropout(), nn.Linear(512, 64), nn.GELU(), nn.Linear(64, 4))
    app = upload(page().run(), "brain.ckpt", lightning(made.eval()))
    assert not app.success
    assert any("a ReLU was assumed. Say above what your training had." in w.value for w in app.warning)
    app = button(area_of(app).set_value("\n".join(NAMES)).run(), "Use this model")
    (own,) = app.session_state["own_models"].values()
    assert any(w.value == own.config.caution and "a ReLU was assumed" in w.value for w in app.warning)
    question = next(s for s in app.selectbox if s.label == "Between the head's linear layers stands")
    assert question.value is None
    table = next(d.value for d in app.dataframe if "In use" in d.value)
    assert list(table["Choice"])[:2] == ["ReLU", "GELU"]
    assert list(table["In use"])[:2] == ["assumed", ""]
    app = question.select("gelu").run()
    assert not any("was assumed" in w.value for w in app.warning if w.value != own.config.caution)
    app = button(app, "Use this model")
    (own,) = app.session_state["own_models"].values()
    assert (own.config.settled, own.config.caution) == ((("head_activation", "gelu"),), "")
    assert own.config.class_names == NAMES  # what was entered before stays
    inputs = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.allclose(own.module(inputs), made(inputs), atol=1e-5)
    card = replace(own.config, settled=(("head_activation", "tanh"),))
    files = [u for u in app.file_uploader if u.label.startswith("Names or a whole card")]
    app = files[0].upload("card.yaml", write_config(card).encode()).run()
    question = next(s for s in app.selectbox if s.label == "Between the head's linear layers stands")
    assert question.value == "tanh"
    table = next(d.value for d in app.dataframe if "In use" in d.value)
    row = next(row for row in table.to_dict("records") if row["In use"])
    seen = replace(own, module=made.requires_grad_(False))  # GELU: what the row of that name must say
    told = next(r for r in table.to_dict("records") if r["Choice"] == "GELU")
    assert (row["Choice"], told["Answer"]) == ("Tanh", xai.predict(seen, xai.load_sample("coffee")).top(1)[0].name)


@pytest.mark.slow
def test_a_fastai_file_opens_with_its_pooling_and_head_asked_and_tried() -> None:
    torch.manual_seed(0)
    made = fastai_torchvision("resnet18", -2, 512).network.eval()
    file = io.BytesIO()
    torch.save({"model": made.state_dict(), "opt": {"state": [], "hypers": []}}, file)
    app = upload(page().run(), "export.pth", file.getvalue())
    (warning,) = [w.value for w in app.warning if "Say above" in w.value]
    assert "the largest values, then the means was assumed" in warning
    assert "right after the linear layer was assumed" in warning
    table = next(d.value for d in app.dataframe if "In use" in d.value)
    assert set(table["Left open"]) == {
        "The head reads, of the body's maps", "Between the head's linear layers stands", "In the head, it stands"
    }  # fmt: skip
    for label, value in (
        ("The head reads", "max_avg"), ("Between the head", "relu"), ("In the head, it stands", "first"),
    ):  # fmt: skip
        app = next(s for s in app.selectbox if s.label.startswith(label)).select(value).run()
    assert not any("Say above" in w.value for w in app.warning)
    app = button(area_of(app).set_value("\n".join(NAMES)).run(), "Use this model")
    (own,) = app.session_state["own_models"].values()
    inputs = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(own.module(inputs), made(inputs))


def test_of_two_states_in_a_file_the_averaged_one_is_taken_and_the_other_can_be() -> None:
    torch.manual_seed(0)
    made, averaged = (torchvision.models.resnet18(weights=None, num_classes=4).eval() for _ in range(2))
    content = {"model": made.state_dict(), "model_ema": averaged.state_dict(), "best_acc1": torch.tensor(91.2)}
    file = io.BytesIO()
    torch.save(content | {"class_to_idx": {name: i for i, name in enumerate(NAMES)}}, file)
    app = upload(page().run(), "brain.pth", file.getvalue())
    assert "It holds as many in 'model'" in texts(app)
    assert area_of(app).value == "\n".join(NAMES)
    inputs = torch.rand(1, 3, 64, 64)
    for network, choice in ((averaged, None), (made, "model")):
        question = next(s for s in app.selectbox if s.label.startswith("Of the states of the network"))
        app = button(question.select(choice).run() if choice else app, "Use this model")
        (own,) = app.session_state["own_models"].values()
        assert own.config.caution == ""
        with torch.no_grad():
            torch.testing.assert_close(own.module(inputs), network(inputs))
    assert dict(own.config.settled) == {"weights": "model"}


HOSTILE = {
    "code.pt": pickle.dumps(print),
    "empty.pt": b"",
    "whole.pt": (lambda f: (torch.save(nn.Linear(2, 2), f), f.getvalue())[1])(io.BytesIO()),
    "![x](http:example.org).pt": b"no weights",
}


def test_hostile_files_get_one_sentence_and_the_page_stays() -> None:
    app = page().run()
    for name, data in HOSTILE.items():
        app = upload(app, name, data)
        assert len(app.error) == 1
        said = app.error[0].value
        assert said.endswith(("open that file.", "."))
        assert any("torch.onnx.export" in code.value for code in app.code)  # the way out; all of them are folded
        assert "](" not in said
        assert "Inside EfficientNet-Lite0" in texts(app)
        assert app.session_state["draft"] is None if "draft" in app.session_state else True


def test_unknown_weights_can_be_named_and_say_what_does_not_fit() -> None:
    file = io.BytesIO()
    torch.save(network().state_dict() | {"extra.weight": torch.ones(2)}, file)
    app = upload(page().run(), "odd.pt", file.getvalue())
    assert "No architecture of torchvision or timm has exactly these" in texts(app)
    app = next(s for s in app.selectbox if s.label == "Architecture").select("torchvision/resnet18").run()
    assert [e.value for e in app.error] == [
        "The weights do not fit torchvision/resnet18: the network has no 'extra.weight'."
    ]


def test_wrong_entries_are_said_and_lose_nothing(weights: bytes) -> None:
    app = upload(page().run(), "brain.ckpt", weights)
    app = area_of(app).set_value("one, two").run()
    assert "has 4 classes and 1 input channels; its card says 2 and 1." in app.error[0].value
    files = [u for u in app.file_uploader if u.label.startswith("Names or a whole card")]
    config = {"class_names": list(NAMES), "input_size": [64, 64], "mean": [0.5], "std": [0.5], "title": "From a card"}
    app = files[0].upload("card.yaml", yaml.safe_dump(config).encode()).run()
    assert not app.error
    assert next(t for t in app.text_input if t.label == "Title").value == "From a card"
    assert next(n for n in app.number_input if n.label == "Input height").value == 64


def test_three_models_are_kept_and_one_can_be_dropped(model: LoadedModel) -> None:
    app = visit_with(model).run()
    made = {f"own/{i}": replace(model, config=replace(model.config, key=f"own/{i}", title=f"No {i}")) for i in range(3)}
    app.session_state["own_models"] = made
    app.session_state["selection"] = replace(Selection(), model="own/2")
    app.run()
    assert app.selectbox(key="choice_model").options[:3] == ["No 2 · yours", "No 1 · yours", "No 0 · yours"]
    app.button(key="forget_own/2").click().run()
    assert app.session_state["selection"].model == Selection().model
    assert list(app.session_state["own_models"]) == ["own/0", "own/1"]
    assert own_models.MAX_OWN == 3


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    yield tmp_path
    monkeypatch.undo()
    list_again()
    cached.configs.clear()


def test_a_model_saved_to_the_folder_is_offered_to_all(
    folder: Path, weights: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "dashboard.models.open_model.is_local", lambda: True
    )  # there is no browser here that could be local
    app = upload(page().run(), "brain.ckpt", weights)
    app = button(app, "Save to models folder")
    assert "Saved as brain.safetensors." in texts(app)
    assert sorted(p.name for p in folder.iterdir()) == ["brain.safetensors", "brain.yaml"]
    assert "brain · models folder" in page().run().selectbox(key="choice_model").options


def test_one_switch_lists_all_convolutions_in_the_side_bar_and_in_the_table() -> None:
    app = AppTest.from_file(str(PAGES / "models.py"), default_timeout=120).run()
    (switch,) = [toggle for toggle in app.toggle if toggle.label == "List all convolutions"]
    names = [len(frame.value) for frame in app.dataframe if "Receptive field" in frame.value]
    switch.set_value(True).run()
    assert not app.exception
    more = [len(frame.value) for frame in app.dataframe if "Receptive field" in frame.value]
    assert more[0] > names[0]
    assert more[0] == len(app.selectbox(key="choice_layer").options)


def test_a_wrong_normalisation_is_suspected_and_the_right_one_named() -> None:
    file = io.BytesIO()
    torch.save(xai.load_model("imagenet", device="cpu").module.state_dict(), file)
    app = upload(page().run(), "lite0.pt", file.getvalue())
    assert "**timm/tf_efficientnet_lite0** fits too but **answers otherwise**" in texts(app)  # it pads otherwise
    app = next(s for s in app.selectbox if s.label == "Architecture").select("timm/tf_efficientnet_lite0").run()
    assert "**timm/tf_efficientnet_lite0**, 1000 classes" in texts(app)
    assert "Suspicious" not in texts(app)
    app = next(s for s in app.selectbox if s.label == "Normalisation").select("0 to 255").run()
    assert "Suspicious: under **−1 to 1** the answers depend on the picture" in texts(app)
    table = next(f.value for f in app.dataframe if "Normalisation" in f.value)
    assert not {"Mean best", "Best classes", "Bits"} & set(table.columns)
    assert set(table.columns) == {
        "Normalisation",
        "Network reads",
        "How sure on average",
        "Different answers",
        "Depends on the picture",
    }
    assert table.set_index("Normalisation")["Depends on the picture"].idxmax() == "−1 to 1"
