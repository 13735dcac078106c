"""Files as Keras 2 wrote them, by hand from its format: calls as nested lists, weights as "conv/kernel:0"."""

from __future__ import annotations

import io
import json
from typing import Any

import h5py
import numpy as np
import torch
import torch.nn.functional as F

import xai_core as xai

Config = dict[str, Any]


def layer(kind: str, name: str, *calls: list[Any], **entries: Any) -> Config:
    config = {"name": name, "trainable": True, "dtype": "float32", **entries}
    return {"class_name": kind, "config": config, "name": name, "inbound_nodes": list(calls)}


def given(*names: str) -> list[Any]:
    return [[name, 0, 0, {}] for name in names]


def convolution(name: str, call: list[Any], filters: int, **entries: Any) -> Config:
    usual = {"kernel_size": [3, 3], "strides": [1, 1], "padding": "same", "data_format": "channels_last"}
    more = {"dilation_rate": [1, 1], "groups": 1, "activation": "linear", "use_bias": True, "bias_constraint": None}
    return layer("Conv2D", name, call, filters=filters, **{**usual, **more, **entries})


BASE = [
    layer("InputLayer", "input_2", batch_input_shape=[None, 16, 16, 3], sparse=False, ragged=False),
    convolution("conv", given("input_2"), 4),
    layer("BatchNormalization", "norm", given("conv"), axis=[3], momentum=0.99, epsilon=0.001, center=True, scale=True),
    layer("LeakyReLU", "leaky", given("norm"), alpha=0.1),
]
NETWORK = [
    layer("InputLayer", "input_1", batch_input_shape=[None, 16, 16, 3], sparse=False, ragged=False),
    layer("TFOpLambda", "tf.math.truediv", ["input_1", 0, 0, {"y": 127.5, "name": None}], function="math.truediv"),
    layer("TFOpLambda", "tf.math.subtract", ["tf.math.truediv", 0, 0, {"y": 1.0}], function="math.subtract"),
    {
        "class_name": "Functional",
        "name": "base",
        "config": {
            "name": "base", "trainable": False, "layers": BASE, "input_layers": [["input_2", 0, 0]],
            "output_layers": [["leaky", 0, 0]],
        },
        "inbound_nodes": [[["tf.math.subtract", 0, 0, {"training": False}]]],
    },
    convolution("gate", given("base"), 4, activation="hard_sigmoid", kernel_size=[1, 1]),
    layer("Multiply", "multiply", given("base", "gate")),
    layer("GlobalAveragePooling2D", "pool", given("multiply"), data_format="channels_last", keepdims=False),
    layer("Dropout", "dropout", given("pool"), rate=0.5, noise_shape=None, seed=None),
    layer("Dense", "dense", given("dropout"), units=3, activation="softmax", use_bias=True),
]  # fmt: skip
SHAPES = {
    "base": {
        "conv/kernel:0": (3, 3, 3, 4), "conv/bias:0": (4,), "norm/gamma:0": (4,), "norm/beta:0": (4,),
        "norm/moving_mean:0": (4,), "norm/moving_variance:0": (4,),
    },
    "gate": {"gate/kernel:0": (1, 1, 4, 4), "gate/bias:0": (4,)},
    "dense": {"dense/kernel:0": (4, 3), "dense/bias:0": (3,)},
}  # fmt: skip


def weights() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        name: rng.uniform(0.5, 1.5, shape).astype(np.float32)
        if "norm" in name
        else rng.normal(0, 0.5, shape).astype("f4")
        for shapes in SHAPES.values()
        for name, shape in shapes.items()
    }


def file() -> bytes:
    config = {"name": "model", "trainable": True, "layers": NETWORK, "input_layers": [["input_1", 0, 0]]}
    text = json.dumps({"class_name": "Functional", "config": {**config, "output_layers": [["dense", 0, 0]]}})
    data, numbers = io.BytesIO(), weights()
    with h5py.File(data, "w") as made:
        made.attrs["model_config"] = text
        made.attrs["keras_version"] = b"2.15.0"
        root = made.create_group("model_weights")
        root.attrs["keras_version"] = b"2.15.0"
        for name, shapes in SHAPES.items():
            group = root.create_group(name)
            group.attrs["weight_names"] = [one.encode() for one in shapes]
            for one in shapes:
                group[one] = numbers[one]
    return data.getvalue()


def test_a_transfer_network_of_keras_2_gives_the_numbers_of_a_hand_computation() -> None:
    model = xai.open_keras(file(), device="cpu")
    given_ = torch.rand(2, 3, 16, 16) * 255
    w = {name: torch.from_numpy(value) for name, value in weights().items()}
    x = F.conv2d(given_ / 127.5 - 1, w["conv/kernel:0"].permute(3, 2, 0, 1), w["conv/bias:0"], padding=1)
    norm = [w[f"norm/{name}:0"] for name in ("moving_mean", "moving_variance", "gamma", "beta")]
    x = F.leaky_relu(F.batch_norm(x, *norm, eps=1e-3), 0.1)
    gate = F.conv2d(x, w["gate/kernel:0"].permute(3, 2, 0, 1), w["gate/bias:0"])
    x = x * (0.2 * gate + 0.5).clamp(0, 1)  # what Keras 2 called a hard sigmoid
    wanted = x.mean((2, 3)) @ w["dense/kernel:0"] + w["dense/bias:0"]
    with torch.no_grad():
        torch.testing.assert_close(model.module(given_), wanted, rtol=1e-4, atol=1e-5)
    assert model.config.std == (1 / 255,) * 3
    assert {"base.conv", "base.norm"} <= {name for name, _ in model.module.named_modules()}
