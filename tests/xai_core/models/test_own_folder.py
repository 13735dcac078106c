"""A folder of models: cards are listed without reading weights, broken ones are told, and nothing leaves the folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torchvision

import xai_core as xai
from xai_core.errors import ModelError
from xai_core.models.catalog import file_kinds, list_again
from xai_core.models.sources import own_folder
from xai_core.models.sources.checkpoint.opening import open_checkpoint
from xai_core.models.sources.config_file import write_config
from xai_core.types import LoadedModel

NAMES = ("glioma", "meningioma", "no tumour", "pituitary")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv(own_folder.VARIABLE, str(tmp_path))
    list_again()
    yield tmp_path
    monkeypatch.undo()
    list_again()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    torch.manual_seed(0)
    network = torchvision.models.resnet18(weights=None, num_classes=4)
    network.conv1 = torch.nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    path = tmp_path_factory.mktemp("weights") / "brain.pt"
    torch.save(network.eval().state_dict(), path)
    return open_checkpoint(path, class_names=NAMES)


@pytest.mark.usefixtures("folder")
def test_a_saved_model_is_offered_and_answers_as_before(model: LoadedModel) -> None:
    assert own_folder.save_to_folder(model) == "brain.safetensors"
    list_again()
    config = next(config for config in xai.model_configs() if config.key == "folder/brain.safetensors")
    assert config.class_names == NAMES
    again = xai.load_model(config.key, device="cpu")
    assert again.digest == model.digest
    image = xai.load_sample("cat")
    assert xai.predict(again, image).scores.tolist() == xai.predict(model, image).scores.tolist()
    with pytest.raises(ModelError, match="already has a “brain”"):
        own_folder.save_to_folder(model)


def test_a_hostile_title_stays_in_the_folder(folder: Path, model: LoadedModel) -> None:
    hostile = replace(model, config=replace(model.config, title="../../etc/passwd"))
    assert own_folder.save_to_folder(hostile) == "etc-passwd.safetensors"
    assert sorted(os.listdir(folder)) == ["etc-passwd.safetensors", "etc-passwd.yaml"]


def test_a_broken_card_is_told_and_the_others_are_listed(folder: Path, model: LoadedModel) -> None:
    (folder / "good.pt").write_bytes(b"weights are read only when the model is chosen")
    (folder / "good.yaml").write_text(write_config(model.config))
    (folder / "bad.pt").write_bytes(b"")
    (folder / "bad.yaml").write_text("mean: 3")
    (folder / "bare.ckpt").write_bytes(b"")
    (folder / "notes.txt").write_text("no model")
    listing = own_folder.list_folder(file_kinds())
    assert [config.key for config in listing.configs] == ["folder/good.pt"]
    assert listing.without_config == ("bare.ckpt",)
    assert len(listing.problems) == 1
    assert listing.problems[0].startswith("bad.yaml: The card's mean must be a list")
    list_again()
    with pytest.raises(ModelError, match="no readable file of weights"):
        xai.load_model("folder/good.pt")


def test_a_card_for_another_network_is_refused(folder: Path, model: LoadedModel) -> None:
    torch.save(model.module.state_dict(), folder / "brain.pt")
    (folder / "brain.yaml").write_text(write_config(replace(model.config, class_names=("a", "b"))))
    list_again()
    with pytest.raises(ModelError, match="has 4 classes and 1 input channels; its card says 2 and 1"):
        xai.load_model("folder/brain.pt")


@pytest.mark.parametrize("name", ["../secret.pt", "/etc/passwd", "", "..", "missing.pt"])
def test_names_do_not_leave_the_folder(folder: Path, name: str) -> None:
    (folder.parent / "secret.pt").write_bytes(b"")
    with pytest.raises(ModelError, match="The models folder has no file"):
        own_folder.weights_file(name)


def test_a_missing_folder_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(own_folder.VARIABLE, str(tmp_path / "gone"))
    assert own_folder.list_folder(file_kinds()).problems == (
        f"The models folder {tmp_path / 'gone'} cannot be read (No such file or directory).",
    )
