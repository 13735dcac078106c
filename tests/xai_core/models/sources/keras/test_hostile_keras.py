"""Hostile and broken Keras files: none runs code, reads another file or takes more than the stated memory."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.xai_core.models.sources.keras.case_weights import CASES
from xai_core.errors import ModelError
from xai_core.models.sources.keras import probe, reading
from xai_core.models.sources.keras.network import network_of
from xai_core.models.sources.keras.reading import read_keras

Config = dict[str, Any]


def layer(kind: str, entries: Config | None = None, **more: object) -> Config:
    return {"module": "keras.layers", "class_name": kind, "config": {"name": kind.lower(), **(entries or {})}, **more}


GOOD = [
    layer("InputLayer", {"batch_shape": [None, 16, 16, 3]}),
    layer("Conv2D", {"filters": 4, "kernel_size": [3, 3], "padding": "same", "activation": "relu"}),
    layer("GlobalAveragePooling2D"),
    layer("Dense", {"units": 3, "activation": "softmax"}),
]
WEIGHTS = {
    "layers/conv2d/vars/0": np.ones((3, 3, 3, 4), np.float32), "layers/conv2d/vars/1": np.zeros(4, np.float32),
    "layers/dense/vars/0": np.ones((4, 3), np.float32), "layers/dense/vars/1": np.zeros(3, np.float32),
}  # fmt: skip


def hdf5(change: Callable[[h5py.File], object] = lambda _file: None) -> bytes:
    data = io.BytesIO()
    with h5py.File(data, "w") as file:
        for path, value in WEIGHTS.items():
            file[path] = value
        change(file)
    return data.getvalue()


def packed(layers: list[Config] | str, weights: bytes | None = None, **entries: bytes) -> bytes:
    model = {"class_name": "Sequential", "config": {"layers": layers}}
    config = layers if isinstance(layers, str) else json.dumps(model)
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", config)
        archive.writestr("model.weights.h5", hdf5() if weights is None else weights)
        for name, content in entries.items():
            archive.writestr(name, content)
    return data.getvalue()


def with_layer(*added: Config) -> bytes:
    return packed([*GOOD[:2], *added, *GOOD[2:]])


def changed(number: int, **entries: object) -> bytes:
    one = GOOD[number]
    return packed([*GOOD[:number], {**one, "config": {**one["config"], **entries}}, *GOOD[number + 1 :]])


def elsewhere(file: h5py.File) -> None:
    del file["layers/dense/vars/0"]
    file["layers/dense/vars/0"] = h5py.ExternalLink("/etc/passwd", "/secret")


def by_name(file: h5py.File) -> None:
    file["layers/dense/vars/2"] = h5py.SoftLink("/layers")


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((4, 3), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "secret", (4, 3))
    file.create_virtual_dataset("layers/dense/vars/2", layout)


def outside(file: h5py.File) -> None:
    file.create_dataset("layers/dense/vars/2", (4,), "f4", external=[("/etc/passwd", 0, 16)])


def never_written(file: h5py.File) -> None:
    file.create_dataset("layers/dense/vars/2", (100_000, 100_000), "f4", chunks=(100, 100))


def in_a_circle(file: h5py.File) -> None:
    file["layers/dense/again"] = file["layers"]


def of_text(file: h5py.File) -> None:
    file["layers/dense/vars/2"] = ["text"]


def broken_training(file: h5py.File) -> None:
    file["layers/dense/vars/0"][0, 0] = np.nan


def one_more(file: h5py.File) -> None:
    file["layers/other/vars/0"] = np.ones(3)


def deep(times: int) -> str:
    inner = json.dumps({"class_name": "Sequential", "config": {"layers": GOOD}})
    return '{"class_name": "Sequential", "config": {"layers": [' * times + inner + "]}}" * times


def doubling(times: int) -> list[Config]:
    """Models that call the one within twice: 2 ** times layers in some kilobytes."""

    def tensor(name: str, node: int = 0) -> Config:
        return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, node, 0]}}

    def call(name: str, node: int = 0) -> Config:
        return {"args": [tensor(name, node)], "kwargs": {}}

    model = layer("Activation", {"activation": "relu"})
    for i in range(times):
        inner = {**model, "name": "inner", "inbound_nodes": [call("in"), call("inner")]}
        given = {**layer("InputLayer", {"name": "in"}), "name": "in", "inbound_nodes": []}
        ports = {"input_layers": ["in", 0, 0], "output_layers": ["inner", 1, 0]}
        model = {"class_name": "Functional", "config": {"name": f"m{i}", "layers": [given, inner], **ports}}
    return [*GOOD[:2], model, *GOOD[2:]]


LEGACY = io.BytesIO()
with h5py.File(LEGACY, "w") as _file:
    _file["dense/kernel"] = np.ones(3)

BOMB = b"\0" * (200 * 2**20)
HOSTILE = {
    "empty": (b"", "no readable Keras file"),
    "text": (b"not a model", "no readable Keras file"),
    "a pickle": (b"\x80\x04\x95\x0b\x00\x00\x00", "no readable Keras file"),
    "a zip of something else": (packed(GOOD)[:4] + bytes(100), "damaged or cut short"),
    **{f"cut to {n} of ten": (packed(GOOD)[: len(packed(GOOD)) * n // 10], "damaged") for n in (3, 9)},
    "an .h5 cut short": ((CASES / "transfer.h5").read_bytes()[:9000], "damaged or cut short"),
    "weights alone": (LEGACY.getvalue(), "weights but not the network"),
    "a zip bomb": (packed(GOOD, more=BOMB), "unpacks to 2"),
    "weights that are a zip bomb": (packed(GOOD, BOMB), "unpacks to 2"),
    "names that leave the folder": (packed(GOOD, **{"../../config.json": b"{}"}), ""),
    "shards": (packed(GOOD, **{"model.weights.json": b"{}"}), "several files"),
    "a Lambda": (with_layer(layer("Lambda", {"function": ["4wEAAAA=", None, None]})), "a Lambda: it holds a program"),
    "a class of its own": (with_layer(layer("Evil", registered_name="Custom>Evil", module="evil")), "a Evil, which is"),
    "a known name from a foreign module": (with_layer({**layer("Dropout"), "module": "os"}), "a Dropout, which"),
    "a known name registered by somebody": (with_layer(layer("Dropout", registered_name="evil>X")), "which is not"),
    "a model of its own": (packed(json.dumps({"class_name": "Evil", "config": {"layers": []}})), "class of its own"),
    "an activation of its own": (
        changed(1, activation={"class_name": "function", "config": "os.system", "module": "os"}), "not supported"
    ),
    "a lambda as activation": (changed(1, activation={"class_name": "__lambda__", "config": {"value": "4w="}}), "own"),
    "an operation on files": (
        with_layer({**layer("LoadFile"), "module": "keras.src.ops.io"}), "a calculation .LoadFile., which is not read"
    ),
    "an option that nobody knows": (changed(1, sneaky=2), "form that is not supported .sneaky"),
    "channels first": (changed(1, data_format="channels_first"), "channels_first"),
    "quantised numbers": (changed(3, dtype={"config": {"name": "int8_from_float32"}}), "int8_from_float32"),
    "markup for a name": (with_layer(layer("Evil", {"name": "<img src=x>"})), "img src=x"),
    "no input": (packed(GOOD[1:]), "how large a picture"),
    "an input of 100 000 rows": (changed(0, batch_shape=[None, 100_000, 16, 3]), "sides of 8 to 2048"),
    "twelve channels": (changed(0, batch_shape=[None, 16, 16, 12]), "a picture has 1 or 3 channels"),
    "a map of 10^10 numbers": (with_layer(layer("UpSampling2D", {"size": [100_000, 1000]})), "more of one picture"),
    "padding of 10^9": (with_layer(layer("ZeroPadding2D", {"padding": 10**9})), "not supported .padding"),
    "weights of another shape": (changed(3, units=5), "another shape"),
    "weights of nobody": (packed(GOOD, hdf5(one_more)), "do not tell of"),
    "a layer without weights": (with_layer(layer("BatchNormalization")), "has 0 stored weights"),
    "a link to another file": (packed(GOOD, hdf5(elsewhere)), "never followed"),
    "a link by name": (packed(GOOD, hdf5(by_name)), "never followed"),
    "a virtual array": (packed(GOOD, hdf5(virtual)), "never followed"),
    "numbers in another file": (packed(GOOD, hdf5(outside)), "never followed"),
    "an array of 40 GB that was never written": (packed(GOOD, hdf5(never_written)), "claim more numbers"),
    "groups in a circle": (packed(GOOD, hdf5(in_a_circle)), "hold each other"),
    "an array of text": (packed(GOOD, hdf5(of_text)), "no array of ordinary numbers"),
    "NaN weights": (packed(GOOD, hdf5(broken_training)), "NaN"),
    "models within models": (packed(deep(60)), "nested more than"),
    "brackets": (packed("[" * 100_000), "configuration"),
    "models that double": (packed(doubling(30)), "no network of ordinary size|nested more than"),
    "models that double less": (packed(doubling(16)), "no network of ordinary size"),
}  # fmt: skip
HARMLESS = ("names that leave the folder",)


IN_THE_PROCESS = ("text", "a zip bomb", "a link to another file", "groups in a circle", "a Lambda")


def read_here(_script: Path, data: bytes, _limits: object) -> dict[str, np.ndarray]:
    """What the process of its own hands back, without the half second that it takes to begin."""
    try:
        return {name: np.asarray(value) for name, value in probe.read(data).items()}
    except probe.Refused as refused:
        raise ModelError(str(refused)) from refused


@pytest.mark.parametrize("name", [name for name in HOSTILE if name not in HARMLESS])
def test_a_hostile_file_gets_one_sentence(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data, said = HOSTILE[name]
    if name not in IN_THE_PROCESS:
        monkeypatch.setattr(reading, "run_limited", read_here)
    with pytest.raises(ModelError, match=said) as refused:
        network_of(read_keras(data))
    sentence = str(refused.value)
    assert len(sentence) < 400
    assert sentence.endswith(".")
    assert "<" not in sentence


def test_nothing_is_unpacked_and_the_good_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert network_of(read_keras(packed(GOOD))).outputs == 3
    assert network_of(read_keras(HOSTILE["names that leave the folder"][0])).outputs == 3
    assert list(tmp_path.iterdir()) == []


def test_weights_elsewhere_are_not_even_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe lies there: opening it would wait for ever."""
    monkeypatch.chdir(tmp_path)
    os.mkfifo(tmp_path / "there.h5")

    def change(file: h5py.File) -> None:
        file["layers/dense/vars/2"] = h5py.ExternalLink("there.h5", "/x")

    with pytest.raises(ModelError, match="never followed"):
        read_keras(packed(GOOD, hdf5(change)))


def test_a_process_that_never_ends_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "SECONDS", 0.05)
    with pytest.raises(ModelError, match=r"takes? .*seconds"):
        read_keras(packed(GOOD))
