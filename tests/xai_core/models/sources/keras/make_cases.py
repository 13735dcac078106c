"""Makes the cases beside this file with Keras itself, which is no requirement of the tests; 3.15 made what is kept.

KERAS_BACKEND=torch python -m tests.xai_core.models.sources.keras.make_cases
"""

from __future__ import annotations

import gzip
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import torch
from keras import layers

from tests.xai_core.models.sources.keras.case_weights import CASES, Case, archive, pictures

# {name: (last layer with maps, side, highest value of the pictures)}
APPLICATIONS = {
    "MobileNetV2": ("Conv_1", 96, 1),
    "EfficientNetB0": ("top_conv", 96, 255),
    "ResNet50": ("conv5_block3_out", 96, 1),
    "DenseNet121": ("relu", 96, 1),
    "Xception": ("block14_sepconv2_act", 96, 1),
    "VGG16": ("block5_conv3", 64, 1),
    "MobileNetV3Small": ("expanded_conv_10_add", 96, 255),
    "ConvNeXtTiny": ("convnext_tiny_stage_3_block_2_layer_scale", 64, 255),
}


def of_application(name: str) -> None:
    layer, side, highest = APPLICATIONS[name]
    model = getattr(keras.applications, name)(weights=None, input_shape=(side, side, 3), classes=5)
    kept(model, name, layer, highest)


def kept(model: keras.Model, name: str, layer: str, highest: float) -> None:
    """The configuration, where the weights go, and what Keras answers with those of `case_weights`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        with zipfile.ZipFile(path) as packed:
            config = packed.read("config.json").decode()
            version = json.loads(packed.read("metadata.json"))["keras_version"]
            packed.extract("model.weights.h5", folder)
        weights: list[Any] = []
        with h5py.File(Path(folder) / "model.weights.h5") as file:
            file.visititems(lambda at, part: weights.extend(_entry(at, part)))
        told = {"shape": [2, *model.input_shape[1:]], "highest": highest}
        made = Case(config, version, weights, pictures(told), np.zeros(0), layer, np.zeros(0))
        path.write_bytes(archive(made))
        model = keras.saving.load_model(path)
    model.layers[-1].activation = keras.activations.linear
    y = keras.ops.convert_to_numpy(model(made.x, training=False))
    case = {
        "config": config, "version": version, "weights": weights, "x": told, "y": y.tolist(), "layer": layer,
        "map": grad_cam(model, layer, made.x[:1]).tolist(),
    }  # fmt: skip
    data = gzip.compress(json.dumps(case).encode(), 9, mtime=0)
    (CASES / f"{name}.json.gz").write_bytes(data)
    print(name, len(data), y, np.round(case["map"], 3))


def _entry(path: str, part: h5py.Dataset | h5py.Group) -> list[Any]:
    wanted = isinstance(part, h5py.Dataset) and "seed_generator" not in path
    return [[path, str(part.parent.attrs["name"]), list(part.shape)]] if wanted else []


def grad_cam(model: keras.Model, layer: str, x: np.ndarray) -> np.ndarray:
    """Of the score of class 1, by PyTorch's own gradient through Keras's network, whose softmax was taken off."""
    both = keras.Model(model.inputs, [model.get_layer(layer).output, model.output])
    maps, scores = both(torch.from_numpy(x).requires_grad_(), training=False)
    (gradients,) = torch.autograd.grad(scores[0, 1], maps)
    return (maps * gradients.mean((1, 2), keepdim=True)).sum(-1)[0].detach().numpy()


def every_layer() -> keras.Model:
    """Small, and of every layer and form that is read."""
    given = keras.Input((37, 41, 3))
    x = layers.Normalization(mean=[120.0, 110.0, 100.0], variance=[3000.0, 3500.0, 4000.0])(given)
    x = layers.Normalization()(x)
    x = layers.Rescaling([0.9, 1.1, 1.0], [0.1, 0.0, -0.1])(x)
    x = layers.Conv2D(6, (3, 5), strides=2, padding="same", activation="leaky_relu")(x)
    x = layers.BatchNormalization(scale=False)(x)
    wide = layers.Conv2D(6, 3, dilation_rate=2, padding="same", groups=2, use_bias=False)(x)
    deep = layers.DepthwiseConv2D(3, strides=2, depth_multiplier=2, padding="same", activation="relu6")(wide)
    parts = layers.SeparableConv2D(6, 3, depth_multiplier=2, activation="swish")(x)
    up = layers.Conv2DTranspose(4, 3, strides=2, padding="same")(deep)
    wider = layers.Conv2DTranspose(4, (2, 4), strides=(3, 2), padding="valid", activation="elu")(deep)
    means = layers.AveragePooling2D(3, strides=2, padding="same")(x)
    highest = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Conv2D(6, 1, activation="hard_sigmoid")(gate)
    vector = layers.Dense(6, activation="sigmoid")(layers.GlobalMaxPooling2D()(parts))
    gated = layers.Multiply()([layers.Multiply()([x, gate]), vector])
    slopes = layers.PReLU(shared_axes=[1, 2], alpha_initializer=keras.initializers.Constant(0.3))(gated)
    normed = layers.LayerNormalization()(slopes)
    grouped = layers.GroupNormalization(3)(normed)
    padded = layers.ZeroPadding2D(((1, 2), (0, 3)))(grouped)
    cut = layers.Cropping2D(((1, 2), (0, 3)))(padded)
    dense = layers.Dense(6, activation="gelu")(cut)
    acts = [layers.Activation(name)(dense) for name in ACTIVATIONS]
    acts += [layers.LeakyReLU(0.1)(dense), layers.ELU(0.5)(dense), layers.ReLU(1.5, 0.2, 0.1)(dense)]
    mixed = layers.Average()([layers.Maximum()(acts), layers.Minimum()(acts), layers.Add()(acts)])
    mixed = layers.Subtract(name="mixed")([mixed, layers.SpatialDropout2D(0.3)(wide)])
    bigger = layers.UpSampling2D((2, 3))(layers.UpSampling2D(2, interpolation="bilinear")(highest))
    flat = [
        layers.Flatten()(layers.Concatenate()([means, highest])),
        layers.GlobalAveragePooling2D()(up), layers.GlobalMaxPooling2D()(wider), layers.GlobalAveragePooling2D()(mixed),
        layers.GlobalAveragePooling2D()(bigger),
        layers.GlobalMaxPooling2D()(layers.Concatenate(axis=1)([mixed, x])),
        layers.Flatten()(layers.Permute((3, 1, 2))(layers.Reshape((10, 11, 6))(means))),
    ]  # fmt: skip
    x = layers.Dropout(0.4)(layers.Concatenate()(flat))
    x = layers.BatchNormalization()(layers.Dense(8, activation="tanh")(x))
    return keras.Model(given, layers.Dense(4, activation="softmax")(x), name="every_layer")


ACTIVATIONS = (
    "selu", "celu", "silu", "mish", "softplus", "softsign", "hard_silu", "hard_sigmoid", "exponential", "softmax",
    "log_softmax", "linear",
)  # fmt: skip


def transfer() -> keras.Model:
    """As the tutorials have it: augmentation, `preprocess_input` in the graph, a frozen base, and a head."""
    given = keras.Input((32, 32, 3))
    x = keras.Sequential([layers.RandomFlip(), layers.RandomRotation(0.1)], name="augmentation")(given)
    x = keras.applications.resnet50.preprocess_input(x)
    base = keras.Sequential(
        [keras.Input((32, 32, 3)), layers.Conv2D(8, 3, strides=2, padding="same"), layers.BatchNormalization(),
         layers.ReLU()], name="base",
    )  # fmt: skip
    base.trainable = False
    x = layers.GlobalAveragePooling2D()(base(x, training=False))
    return keras.Model(given, layers.Dense(3, activation="sigmoid")(x), name="transfer")


def small(model: keras.Model) -> None:
    """Saved in both formats, with an answer."""
    rng = np.random.default_rng(1)
    for variable in model.variables:
        if "seed" in variable.path or variable.path.endswith("count"):
            continue
        at_0 = not variable.path.endswith(("variance", "gamma"))
        spread = variable.shape[:-1] if len(variable.shape) > 1 else (100,)
        low = rng.normal(0, (2 / np.prod(spread)) ** 0.5, variable.shape)
        variable.assign(low if at_0 else rng.uniform(0.5, 1.5, variable.shape))
    x = rng.uniform(0, 255, (2, *model.input_shape[1:])).astype(np.float32)
    y = keras.ops.convert_to_numpy(model(x, training=False))
    for ending in ("keras", "h5"):
        model.save(CASES / f"{model.name}.{ending}")
    np.savez_compressed(CASES / f"{model.name}.npz", x=x.astype(np.float16).astype(np.float32), y=y)
    x = np.load(CASES / f"{model.name}.npz")["x"]
    y = keras.ops.convert_to_numpy(model(x, training=False))
    np.savez_compressed(CASES / f"{model.name}.npz", x=x, y=y)
    print(model.name, y, [(path.name, path.stat().st_size) for path in CASES.glob(f"{model.name}.*")])


if __name__ == "__main__":
    keras.utils.set_random_seed(0)
    CASES.mkdir(exist_ok=True)
    kept(every_layer(), "every_layer", "mixed", 255)
    small(transfer())
    for application in APPLICATIONS:
        of_application(application)
