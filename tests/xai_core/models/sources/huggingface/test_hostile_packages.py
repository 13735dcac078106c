"""Hostile and broken packages: none runs code, fetches anything or builds what its weights do not hold."""

from __future__ import annotations

import io
import json
import socket
import zipfile
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from tests.xai_core.models.sources.huggingface.packages import saved
from xai_core.errors import ModelError
from xai_core.models.sources.huggingface.model import open_huggingface
from xai_core.models.sources.huggingface.package import FILES, packed


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("vit")
    saved("vit", folder)
    return {name: (folder / name).read_bytes() for name in FILES}


def changed(good: dict[str, bytes], file: str = "config.json", **entries: Any) -> bytes:
    return packed({**good, file: json.dumps({**json.loads(good[file]), **entries}).encode()})


CHANGED: dict[str, tuple[dict[str, Any], str]] = {
    "another kind": ({"model_type": "evil"}, "kind 'evil', which is not read"),
    "timm through transformers": ({"model_type": "timm_wrapper"}, "which is not read"),
    "text": ({"model_type": "bert"}, "which is not read"),
    "no kind": ({"model_type": None}, "neither transformers' nor timm's"),
    "no classifier": ({"architectures": ["ViTModel"]}, "names ViTModel, which is no image classifier"),
    "a class of its own": ({"architectures": ["evil.Network"]}, "no image classifier"),
    "markup": ({"architectures": ["<img src=x>"]}, "no image classifier"),
    "another width": ({"hidden_size": 64}, "do not fit together"),
    "more layers than weights": ({"num_hidden_layers": 3}, "The weights lack"),
    "a billion layers": ({"num_hidden_layers": 10**9}, "as no classifier does"),
    "900 thousand layers": ({"num_hidden_layers": 900_000}, "asks for about"),
    "huge layers": ({"intermediate_size": 10**12}, "as no classifier does"),
    "infinity": ({"layer_norm_eps": float("inf")}, "as no classifier does"),
    "a text for a number": ({"hidden_size": "os.system"}, "do not fit together"),
    "an activation of its own": ({"hidden_act": "evil.run"}, "do not fit together"),
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_hostile_configuration_gets_one_sentence(name: str, good: dict[str, bytes]) -> None:
    entries, said = CHANGED[name]
    with pytest.raises(ModelError, match=said) as refused:
        open_huggingface(changed(good, **entries))
    sentence = str(refused.value)
    assert len(sentence) < 900
    assert sentence.endswith(".")
    assert "<" not in sentence


def test_code_and_kernels_that_a_configuration_names_are_left_alone(
    good: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of these makes transformers look elsewhere, or run what it finds there."""

    def refused(*_given: object) -> None:
        raise AssertionError("something was looked for on the network")

    monkeypatch.setattr(socket.socket, "connect", refused)
    entries = {
        "auto_map": {"AutoModelForImageClassification": "evil/code--modeling.Network"},
        "attn_implementation": "evil/kernel",
        "_attn_implementation": "evil/kernel",
        "_name_or_path": "evil/code",
        "quantization_config": {"quant_method": "bitsandbytes"},
        "trust_remote_code": True,
    }
    model = open_huggingface(changed(good, **entries))
    assert model.config.class_names == ("cat", "dog", "bird")
    assert not (Path.cwd() / "modeling.py").exists()


PREPARED = {
    "another processor": ({"image_processor_type": "EvilProcessor"}, "not one of those"),
    "no spread": ({"image_std": [0, 0, 0]}, "no picture can be prepared"),
    "words": ({"size": "large"}, "mean nothing"),
    "a size of 10^9": ({"size": {"height": 10**9, "width": 10**9}}, "pieces"),
    "a size of 4": ({"size": {"height": 4, "width": 4}}, "sides of 8"),
}


@pytest.mark.parametrize("name", PREPARED)
def test_a_hostile_preparation_gets_one_sentence(name: str, good: dict[str, bytes]) -> None:
    entries, said = PREPARED[name]
    with pytest.raises(ModelError, match=said):
        open_huggingface(changed(good, "preprocessor_config.json", **entries))


def test_broken_and_incomplete_zips_say_what_is_missing(good: dict[str, bytes]) -> None:
    def without(name: str, **more: bytes) -> bytes:
        return packed({file: data for file, data in good.items() if file != name} | more)

    cases = {
        b"": "damaged", b"PK\x03\x04": "damaged", packed(good)[:-40]: "damaged",
        without("config.json"): r"no config\.json", without("model.safetensors"): r"no model\.safetensors",
        without("model.safetensors", **{"pytorch_model.bin": b"\x80"}): "other files can run code",
        without("model.safetensors", **{"model.safetensors.index.json": b"{}"}): "several files",
        packed({**good, "config.json": b"["}): "damaged", packed({**good, "config.json": b"[1]"}): "no table",
        packed({**good, "model.safetensors": b"\x80\x04pickle"}): "no safetensors file",
    }  # fmt: skip
    for data, said in cases.items():
        with pytest.raises(ModelError, match=said):
            open_huggingface(data)


def test_a_zip_bomb_is_refused_by_what_it_claims(good: dict[str, bytes]) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in good.items():
            archive.writestr(name, content)
        archive.writestr("more", bytes(200 * 2**20))
    with pytest.raises(ModelError, match="unpacks to 2"):
        open_huggingface(data.getvalue())


def test_files_in_one_folder_of_the_zip_and_no_preparation_still_open(good: dict[str, bytes]) -> None:
    model = open_huggingface(packed({f"my-vit/{name}": good[name] for name in ("config.json", "model.safetensors")}))
    assert model.config.input_size == (32, 32)
    assert "preprocessor_config.json is missing" in model.config.notes[0]


def test_a_package_of_timm_names_an_architecture_of_its_registry() -> None:
    weights = safetensors.torch.save({"fc.weight": torch.zeros(3, 4)})
    for name in ("hf-hub:evil/model", "local-dir:/etc", "evil", "../resnet18"):
        config = json.dumps({"architecture": name, "num_classes": 3, "pretrained_cfg": {}}).encode()
        with pytest.raises(ModelError, match="There is no architecture"):
            open_huggingface(packed({"config.json": config, "model.safetensors": weights}))
