"""What every source of models must say of itself, and that one more is one record in the catalogue and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import nn

import xai_core as xai
from dashboard.core.state import Selection
from dashboard.shared import cached, own_models
from tests.networks import Small
from xai_core.errors import ModelError
from xai_core.models import catalog
from xai_core.models.catalog import SOURCES
from xai_core.models.load import loaded
from xai_core.models.source import BuiltFile, FileKind, ModelFile, ModelSource
from xai_core.types import ModelConfig, ResizeRule

PAGES = Path(__file__).resolve().parents[2] / "pages"


def forgotten(source: ModelSource) -> list[str]:
    """What a source's record leaves open, in words."""
    name, configs = f"The source of '{source.keys}'", source.configs()
    others = [other for other in SOURCES if other is not source]
    said = []
    if not source.keys or any(source.keys == other.keys for other in others):
        said.append(f"{name} has no keys of its own: say what the keys of its models begin with.")
    if configs and source.build is None:
        said.append(f"{name} offers models but does not say how to build them.")
    if source.build is None and not (source.missing and source.python):
        said.append(f"{name} builds nothing by key: say why a link's model is missing, and how Python opens it again.")
    for config in configs:
        said += [f"{name}: {config.key} {what}" for what in _forgotten_of(source, config)]
    if source.opens is not None:
        said += [f"{name} {what}" for what in _forgotten_of_files(source.opens, [o.opens for o in others if o.opens])]
    return said


def _forgotten_of(source: ModelSource, config: ModelConfig) -> list[str]:
    said = []
    if not config.key.startswith(source.keys):
        said.append(f"does not begin with '{source.keys}'.")
    if not (config.title and config.source and config.licence):
        said.append("does not say its title, where it is from and its licence.")
    if len(config.class_names) < 2 or len(config.mean) != len(config.std):
        said.append("does not name its classes, or has no spread for each mean.")
    if (source.whose == "downloaded") != (config.download is not None):
        said.append(f"has weights that are {source.whose}; its download says otherwise.")
    return said


def _forgotten_of_files(kind: FileKind, others: list[FileKind]) -> list[str]:
    taken = {suffix for other in others for suffix in (*other.suffixes, *other.refused)}
    said = [f"opens {s} files, as another source does." for s in (*kind.suffixes, *kind.refused) if s in taken]
    said += [f"does not tell people of `{s}`, which it opens." for s in kind.suffixes if f"`{s}`" not in kind.about]
    said += [f"writes the ending {s} without a dot, or in capitals." for s in kind.suffixes if s != f".{s[1:].lower()}"]
    return said


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.keys)
def test_every_source_says_all_that_is_asked_of_it(source: ModelSource) -> None:
    assert forgotten(source) == []
    assert all(catalog.source_of(config.key) is source for config in source.configs())


def test_what_a_new_source_forgot_is_said_in_words() -> None:
    said = forgotten(ModelSource("", "downloaded", lambda: (replace(CONFIG, licence=""),), opens=OPENS))
    assert said == [
        "The source of '' has no keys of its own: say what the keys of its models begin with.",
        "The source of '' offers models but does not say how to build them.",
        "The source of '' builds nothing by key: say why a link's model is missing, and how Python opens it again.",
        "The source of '': toy/one does not say its title, where it is from and its licence.",
        "The source of '': toy/one has weights that are downloaded; its download says otherwise.",
        "The source of '' does not tell people of `.toy`, which it opens.",
    ]


def test_a_key_belongs_to_the_source_with_the_longest_beginning() -> None:
    whose = {key: catalog.source_of(key) for key in ("own/12ab", "own/onnx-12ab", "own/python-12ab", "folder/a.pt")}
    assert [source.keys for source in whose.values() if source] == ["own/", "own/onnx-", "own/python-", "folder/"]
    assert catalog.source_of("nothing") is None


# A made-up source, as one file would hold it: a network by key, and files of its own.


CONFIG = ModelConfig(
    key="toy/one",
    title="Toy one",
    source="made up",
    licence="none needed",
    input_size=(32, 32),
    mean=(0.5,) * 3,
    std=(0.5,) * 3,
    resize=ResizeRule(None),
    class_names=("cat", "dog", "bird"),
)


def _build(_config: ModelConfig, _progress: object) -> nn.Module:
    torch.manual_seed(0)
    return Small().eval()


def _read(data: bytes, title: str) -> ModelFile:
    if not data.startswith(b"toy"):
        raise ModelError("The file does not begin with toy; give one that does.")
    config = replace(CONFIG, key=f"toy/{title}", title=title, architecture="toy")
    model = loaded(config, _build(config, None), torch.device("cpu"))
    return ModelFile(("toy",), lambda _key: BuiltFile("toy", "TOY", model, "It plays."), notes=("It was wound up.",))


OPENS = FileKind("From **toys**.", (".toy",), _read, lambda path, config: _build(config, path))
TOY = ModelSource("toy/", "bundled", lambda: (CONFIG,), _build, replace(OPENS, about="From **toys**: `.toy`."))


@pytest.fixture
def _listed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(catalog, "SOURCES", (*SOURCES, TOY))
    catalog.list_again()
    cached.configs.clear()
    yield
    monkeypatch.undo()
    catalog.list_again()
    cached.configs.clear()


def page(name: str) -> AppTest:
    return AppTest.from_file(str(PAGES / f"{name}.py"), default_timeout=300)


@pytest.mark.usefixtures("_listed")
def test_a_made_up_source_is_whole_and_its_model_is_chosen_on_explain() -> None:
    assert forgotten(TOY) == []
    app = page("explain")
    app.query_params["model"] = "toy/one"
    app.run()
    assert not app.exception
    assert not app.error
    assert app.selectbox(key="choice_model").value == "toy/one"
    assert "Toy one · bundled" in app.selectbox(key="choice_model").options
    classes = next(s for s in app.selectbox if s.label == "All classes")
    assert classes.options == list(CONFIG.class_names)
    model = xai.load_model("toy/one", device="cpu")
    assert xai.explain(model, xai.load_sample("cat")).model_title == "Toy one"
    assert catalog.load_expression("toy/one") == "xai.load_model('toy/one')"


@pytest.mark.usefixtures("_listed")
def test_a_file_of_a_made_up_source_goes_into_use_on_models() -> None:
    app = page("models")
    app.session_state["selection"] = replace(Selection(), model="toy/one")
    app.run()
    assert any("From **toys**: `.toy`." in text.value for text in app.markdown)
    uploader = next(u for u in app.file_uploader if u.label.startswith("A file of weights"))
    assert ".toy" in uploader.proto.type
    app = uploader.upload("windmill.toy", b"toy").run()
    assert app.success[0].value.startswith("**TOY**, 3 classes, reads colour pictures (3 channels), ")
    assert app.success[0].value.endswith(" weights. It plays.")
    assert any("It was wound up." in caption.value for caption in app.caption)
    app = next(b for b in app.button if b.label == "Use this model").click().run()
    assert not app.exception
    chosen = app.session_state["selection"].model
    assert chosen.startswith("toy/")
    assert app.session_state["own_models"][chosen].config.title == "windmill"


@pytest.mark.usefixtures("_listed")
def test_a_file_of_a_made_up_source_is_found_in_the_models_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from xai_core.models.sources.config_file import write_config
    from xai_core.models.sources.own_folder import VARIABLE

    monkeypatch.setenv(VARIABLE, str(tmp_path))
    (tmp_path / "mill.toy").write_bytes(b"toy")
    (tmp_path / "mill.yaml").write_text(write_config(CONFIG))
    catalog.list_again()
    assert xai.load_model("folder/mill.toy", device="cpu").config.class_names == CONFIG.class_names
    assert own_models.whose(xai.load_model("folder/mill.toy", device="cpu").config) == "models folder"
