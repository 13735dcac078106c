"""Every Keras layer that is read, as PyTorch's: the list that a file's configuration is checked against."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from xai_core.errors import ModelError
from xai_core.models.sources.keras import operations as own
from xai_core.models.sources.keras.settings import Settings
from xai_core.models.sources.layer_parts import SamePadding

Shape = Sequence[int]
Weights = Mapping[str, Tensor]


@dataclass(frozen=True, eq=False)
class Given:
    """What a layer is made from. shapes: of its inputs as they are held here, the batch first.

    weights: in Keras's order. major: of the Keras that wrote the file. training: it was called as in training.
    """

    settings: Settings
    shapes: Sequence[Shape]
    weights: Sequence[Tensor]
    major: int
    training: bool = False

    @property
    def rank(self) -> int:
        return len(self.shapes[0])

    @property
    def channels(self) -> int:
        return int(self.shapes[0][1 if self.rank == 4 else -1])

    def maps(self) -> None:
        if self.rank != 4:
            raise self.settings.refused(f"on {self.rank} axes")


@dataclass(frozen=True, eq=False)
class Made:
    """A layer without storage, None for one that hands on what it is given; its weights, {dotted name: tensor}."""

    layer: nn.Module | None
    weights: Weights


Make = Callable[[Given], Made]
NOTHING = Made(None, {})


def _named(given: Given, *names: str) -> dict[str, Tensor]:
    """The stored weights by these names."""
    if len(given.weights) != len(names):
        raise ModelError(
            f"The layer '{given.settings.name[:60]}' has {len(given.weights)} stored weights, and needs {len(names)}."
        )
    return dict(zip(names, given.weights, strict=True))


def _padded(settings: Settings, kernel: Shape, stride: Shape, dilation: Shape) -> tuple[nn.Module | None, Any]:
    """A padding layer where PyTorch's own cannot do it, and the padding (rows, columns) of its own."""
    if settings.one_of("padding", ("valid", "same"), "valid") == "valid":
        return None, (0, 0)
    reach = [(k - 1) * d for k, d in zip(kernel, dilation, strict=True)]
    if all(s == 1 for s in stride) and all(r % 2 == 0 for r in reach):
        return None, tuple(r // 2 for r in reach)
    return SamePadding(kernel, stride, dilation, True, 0.0), (0, 0)


def _behind(padding: nn.Module | None, layers: dict[str, nn.Module]) -> tuple[nn.Module, str]:
    """Several layers as one, or the only one; and what stands before the names of the last one's weights."""
    if padding is not None:
        layers = {"padding": padding, **layers}
    if len(layers) == 1:
        return next(iter(layers.values())), ""
    made = nn.Sequential()
    for name, layer in layers.items():
        made.add_module(name, layer)
    return made, f"{list(layers)[-1]}."


def _turned(kernel: Tensor) -> Tensor:
    """(rows, columns, in, out) to (out, in, rows, columns)."""
    return kernel.permute(3, 2, 0, 1).contiguous()


def _convolution(given: Given) -> Made:
    given.maps()
    s = given.settings
    kernel, stride, dilation = s.pair("kernel_size"), s.pair("strides", 1), s.pair("dilation_rate", 1)
    padding, own_padding = _padded(s, kernel, stride, dilation)
    filters, groups, bias = s.whole("filters"), int(s.number("groups", 1)), s.flag("use_bias")
    conv = nn.Conv2d(
        given.channels, filters, kernel, stride, own_padding, dilation, groups, bias=bias, device="meta"
    )  # fmt: skip
    layer, before = _behind(padding, {"convolution": conv})
    found = _named(given, "weight", *(["bias"] if bias else []))
    found["weight"] = _turned(found["weight"])
    return Made(layer, {before + name: value for name, value in found.items()})


def _depthwise(given: Given) -> Made:
    given.maps()
    s = given.settings
    kernel, stride, dilation = s.pair("kernel_size"), s.pair("strides", 1), s.pair("dilation_rate", 1)
    padding, own_padding = _padded(s, kernel, stride, dilation)
    times, bias, channels = int(s.number("depth_multiplier", 1)), s.flag("use_bias"), given.channels
    conv = nn.Conv2d(
        channels, channels * times, kernel, stride, own_padding, dilation, channels, bias=bias, device="meta"
    )
    layer, before = _behind(padding, {"convolution": conv})
    found = _named(given, "weight", *(["bias"] if bias else []))
    found["weight"] = _turned_depthwise(found["weight"])
    return Made(layer, {before + name: value for name, value in found.items()})


def _turned_depthwise(kernel: Tensor) -> Tensor:
    """(rows, columns, channels, times) to (channels * times, 1, rows, columns)."""
    return kernel.permute(2, 3, 0, 1).flatten(0, 1)[:, None].contiguous()


def _separable(given: Given) -> Made:
    given.maps()
    s = given.settings
    kernel, stride, dilation = s.pair("kernel_size"), s.pair("strides", 1), s.pair("dilation_rate", 1)
    padding, own_padding = _padded(s, kernel, stride, dilation)
    times, filters, bias, channels = (
        int(s.number("depth_multiplier", 1)), s.whole("filters"), s.flag("use_bias"), given.channels
    )  # fmt: skip
    depthwise = nn.Conv2d(
        channels, channels * times, kernel, stride, own_padding, dilation, channels, bias=False, device="meta"
    )
    pointwise = nn.Conv2d(channels * times, filters, 1, bias=bias, device="meta")
    layer, _ = _behind(padding, {"depthwise": depthwise, "pointwise": pointwise})
    found = _named(given, "depthwise.weight", "pointwise.weight", *(["pointwise.bias"] if bias else []))
    found["depthwise.weight"] = _turned_depthwise(found["depthwise.weight"])
    found["pointwise.weight"] = _turned(found["pointwise.weight"])
    return Made(layer, found)


def _transposed(given: Given) -> Made:
    given.maps()
    s = given.settings
    kernel, stride, dilation = s.pair("kernel_size"), s.pair("strides", 1), s.pair("dilation_rate", 1)
    filters, bias = s.whole("filters"), s.flag("use_bias")
    same = s.one_of("padding", ("valid", "same"), "valid") == "same"
    beyond = [(k - 1) * d + 1 - t for k, d, t in zip(kernel, dilation, stride, strict=True)]  # of a step
    conv = nn.ConvTranspose2d(
        given.channels, filters, kernel, stride, output_padding=tuple(max(-b, 0) for b in beyond),  # type: ignore[arg-type]
        dilation=dilation, bias=bias, device="meta",
    )  # fmt: skip
    layers: dict[str, nn.Module] = {"convolution": conv}
    if same and max(beyond) > 0:
        (top, bottom), (left, right) = [(max(b, 0) // 2, max(b, 0) - max(b, 0) // 2) for b in beyond]
        layers["cut"] = nn.ZeroPad2d((-left, -right, -top, -bottom))
    layer, _ = _behind(None, layers)
    before = "convolution." if len(layers) > 1 else ""
    found = _named(given, "weight", *(["bias"] if bias else []))
    found["weight"] = found["weight"].permute(3, 2, 0, 1).contiguous()  # (rows, columns, out, in) in Keras
    return Made(layer, {before + name: value for name, value in found.items()})


def _dense(given: Given) -> Made:
    bias = given.settings.flag("use_bias")
    linear = nn.Linear(given.channels, given.settings.whole("units"), bias=bias, device="meta")
    found = _named(given, "weight", *(["bias"] if bias else []))
    found["weight"] = found["weight"].T.contiguous()
    if given.rank != 4:
        return Made(linear, found)
    return Made(own.OverLast(linear), {f"layer.{name}": value for name, value in found.items()})


def _batch_norm(given: Given) -> Made:
    s, channels = given.settings, given.channels
    s.last_axis(given.rank)
    if given.training:
        raise s.refused("training=True")
    centre, scale, epsilon = s.flag("center"), s.flag("scale"), s.number("epsilon", 1e-3)
    kind = {4: nn.BatchNorm2d, 2: nn.BatchNorm1d}.get(given.rank)
    if kind is None:
        raise s.refused(f"on {given.rank} axes")
    names = [*(["weight"] if scale else []), *(["bias"] if centre else []), "running_mean", "running_var"]
    found = {"weight": torch.ones(channels), "bias": torch.zeros(channels), **_named(given, *names)}
    found["num_batches_tracked"] = torch.zeros((), dtype=torch.int64)
    return Made(kind(channels, eps=epsilon, device="meta"), found)


def _layer_norm(given: Given) -> Made:
    s, channels = given.settings, given.channels
    s.last_axis(given.rank)
    centre, scale, epsilon = s.flag("center"), s.flag("scale"), s.number("epsilon", 1e-3)
    names = [*(["weight"] if scale else []), *(["bias"] if centre else [])]
    found = {"weight": torch.ones(channels), "bias": torch.zeros(channels), **_named(given, *names)}
    norm = nn.LayerNorm(channels, eps=epsilon, device="meta")
    if given.rank != 4:
        return Made(norm, found)
    return Made(own.OverLast(norm), {f"layer.{name}": value for name, value in found.items()})


def _group_norm(given: Given) -> Made:
    given.maps()
    s, channels = given.settings, given.channels
    s.last_axis(given.rank)
    groups = s.take("groups", 32)
    groups = channels if groups == -1 else groups
    if type(groups) is not int or groups < 1 or channels % groups:
        raise s.refused("groups")
    centre, scale, epsilon = s.flag("center"), s.flag("scale"), s.number("epsilon", 1e-3)
    names = [*(["weight"] if scale else []), *(["bias"] if centre else [])]
    found = {"weight": torch.ones(channels), "bias": torch.zeros(channels), **_named(given, *names)}
    return Made(nn.GroupNorm(groups, channels, eps=epsilon, device="meta"), found)


def _rescaling(given: Given) -> Made:
    s = given.settings
    factor, shift = (_values(s, key, default) for key, default in (("scale", 1.0), ("offset", 0.0)))
    return Made(own.Scale(factor.shape, shift.shape), {"factor": factor, "shift": shift})


def _values(settings: Settings, key: str, default: float) -> Tensor:
    """A number, or one for each channel."""
    value = settings.take(key, default)
    value = value.get("items", value.get("config")) if isinstance(value, dict) else value
    value = value.get("value") if isinstance(value, dict) else value
    flat = value if isinstance(value, list) else [value]
    if not flat or len(flat) > 4 or any(isinstance(v, bool) or not isinstance(v, int | float) for v in flat):
        raise settings.refused(key)
    return torch.tensor(value, dtype=torch.float32)


def _normalization(given: Given) -> Made:
    """By the means and variances of the training's pictures, each with its own channel."""
    s = given.settings
    axis = s.take("axis", -1)
    axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
    mean, variance, invert = s.take("mean"), s.take("variance"), s.flag("invert", False)
    if mean is None and len(given.weights) > 1:
        told = given.weights[:2]
    elif mean is not None and variance is not None:
        told = tuple(torch.tensor(value, dtype=torch.float32) for value in (mean, variance))
    else:
        raise s.refused("mean")
    mean, variance = (value.double().reshape(-1) for value in told)
    if axis not in (-1, given.rank - 1, None, []) or len(mean) not in (1, given.channels) or invert:
        raise s.refused("axis")
    factor = 1 / variance.sqrt().clamp(min=1e-7)
    shift = -mean * factor
    layer = own.Scale(factor.shape, shift.shape)
    return Made(layer, {"factor": factor.float(), "shift": shift.float()})


def _relu(given: Given) -> Made:
    s = given.settings
    ceiling = s.take("max_value")
    ceiling = None if ceiling is None else Settings("ReLU", {"v": ceiling}).number("v", 0)
    slope, threshold = s.number("negative_slope", 0.0), s.number("threshold", 0.0)
    if not slope and not threshold and ceiling in (None, 6):
        return Made(nn.ReLU() if ceiling is None else nn.ReLU6(), {})
    if ceiling is None and not threshold:
        return Made(nn.LeakyReLU(slope), {})
    return Made(own.BoundedReLU(ceiling, slope, threshold), {})


def _leaky(given: Given) -> Made:
    s = given.settings
    old = s.number("alpha", 0.3)
    return Made(nn.LeakyReLU(s.number("negative_slope", old)), {})


def _prelu(given: Given) -> Made:
    given.settings.take("shared_axes")
    slope = _named(given, "slope")["slope"]
    if given.rank == 4 and slope.shape[:2] == (1, 1):
        return Made(nn.PReLU(slope.shape[2], device="meta"), {"weight": slope.flatten()})
    return Made(own.Slopes(slope.shape), {"slope": slope})


def _softmax(given: Given) -> Made:
    given.settings.last_axis(given.rank)
    return Made(own.LastSoftmax() if given.rank == 4 else nn.Softmax(-1), {})


_ACTIVATION_LAYERS = ("ReLU", "LeakyReLU", "ELU", "Softmax", "Activation")
ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "leaky_relu": lambda: nn.LeakyReLU(0.2),
    "elu": nn.ELU,
    "selu": nn.SELU,
    "celu": nn.CELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "swish": nn.SiLU,
    "mish": nn.Mish,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "softplus": nn.Softplus,
    "softsign": nn.Softsign,
    "hard_sigmoid": nn.Hardsigmoid,
    "hard_silu": nn.Hardswish,
    "hard_swish": nn.Hardswish,
    "exponential": own.Exponential,
    "softmax": own.LastSoftmax,
    "log_softmax": lambda: own.LastSoftmax(log=True),
}


def activation_of(value: Any, given: Given) -> Made:
    """What an entry "activation" says: a known function by its name, or a known layer. ModelError for all else."""
    kind, inner = (value.get("class_name"), value.get("config")) if isinstance(value, dict) else (None, None)
    if kind in _ACTIVATION_LAYERS and isinstance(inner, dict):
        settings = Settings(str(kind), inner)
        made = LAYERS[str(kind)](Given(settings, given.shapes, (), given.major))
        settings.done()
        return made
    if kind == "function" and value.get("registered_name") in (None, inner):
        value = inner
    if value in (None, "linear"):
        return NOTHING
    if not isinstance(value, str) or value not in ACTIVATIONS:
        raise given.settings.refused(f"activation {value}" if isinstance(value, str) else "an activation of its own")
    if value == "hard_sigmoid" and given.major < 3:
        return Made(own.OldHardSigmoid(), {})
    return Made(nn.Softmax(-1) if value == "softmax" and given.rank != 4 else ACTIVATIONS[value](), {})


def _activation(given: Given) -> Made:
    return activation_of(given.settings.take("activation"), given)


def _pool(given: Given) -> tuple[Settings, tuple[int, int], tuple[int, int]]:
    given.maps()
    s = given.settings
    size = s.pair("pool_size", 2)
    strides = s.take("strides")
    return s, size, size if strides is None else Settings(s.kind, {"strides": strides}).pair("strides")


def _max_pool(given: Given) -> Made:
    s, size, stride = _pool(given)
    padding, own_padding = _padded(s, size, stride, (1, 1))
    if isinstance(padding, SamePadding):
        padding.fill = float("-inf")
    layer, _ = _behind(padding, {"pool": nn.MaxPool2d(size, stride, own_padding)})
    return Made(layer, {})


def _average_pool(given: Given) -> Made:
    s, size, stride = _pool(given)
    same = s.one_of("padding", ("valid", "same"), "valid") == "same"
    return Made(own.SameAveragePool(size, stride) if same else nn.AvgPool2d(size, stride), {})


def _global_pool(kind: Callable[[int], nn.Module]) -> Make:
    def make(given: Given) -> Made:
        given.maps()
        pool = kind(1)
        kept = given.settings.flag("keepdims", False)
        return Made(pool if kept else nn.Sequential(pool, nn.Flatten(1)), {})

    return make


def _reshape(given: Given) -> Made:
    target = given.settings.take("target_shape")
    if not isinstance(target, list) or not all(type(v) is int and -1 <= v < 2**24 for v in target) or len(target) > 4:
        raise given.settings.refused("target_shape")
    return Made(own.Reshape(target), {})


def _permute(given: Given) -> Made:
    dims = given.settings.take("dims")
    if not isinstance(dims, list) or sorted(dims) != list(range(1, given.rank)):
        raise given.settings.refused("dims")
    return Made(own.Permute(dims), {})


def _merge(function: Callable[[Tensor, Tensor], Tensor], averaged: bool = False) -> Make:
    def make(given: Given) -> Made:
        if {len(shape) for shape in given.shapes} - {4, 2} and len({len(shape) for shape in given.shapes}) > 1:
            raise given.settings.refused("inputs of different axes")
        return Made(own.Merge(function, len(given.shapes) if averaged else 1), {})

    return make


def _concatenate(given: Given) -> Made:
    axis = given.settings.take("axis", -1)
    if type(axis) is not int or not -given.rank < axis < given.rank or axis == 0:
        raise given.settings.refused("axis")
    held = {1: 2, 2: 3, 3: 1}[axis % 4] if given.rank == 4 else axis % given.rank
    return Made(own.Concatenate(held), {})


def _zero_padding(given: Given) -> Made:
    given.maps()
    top, bottom, left, right = given.settings.sides("padding")
    return Made(nn.ZeroPad2d((left, right, top, bottom)), {})


def _cropping(given: Given) -> Made:
    given.maps()
    top, bottom, left, right = given.settings.sides("cropping")
    return Made(nn.ZeroPad2d((-left, -right, -top, -bottom)), {})


def _upsampling(given: Given) -> Made:
    given.maps()
    mode = given.settings.one_of("interpolation", ("nearest", "bilinear"), "nearest")
    return Made(own.Resize(mode, factors=given.settings.pair("size", 2)), {})


def _resizing(given: Given) -> Made:
    """Only where the shape stays, or by the plain rule: bilinear without smoothing."""
    given.maps()
    s = given.settings
    size = (s.whole("height"), s.whole("width"))
    mode = s.one_of("interpolation", ("bilinear",), "bilinear")
    s.take("fill_mode"), s.take("fill_value")
    return Made(own.Resize(mode, size=size), {})


def _centre_crop(given: Given) -> Made:
    given.maps()
    size = (given.settings.whole("height"), given.settings.whole("width"))
    if any(side < wanted for side, wanted in zip(given.shapes[0][2:], size, strict=True)):
        raise given.settings.refused("height")
    return Made(own.CentreCrop(size), {})


def _layer_scale(given: Given) -> Made:
    given.settings.take("init_values"), given.settings.take("projection_dim")
    return Made(own.LayerScale(given.channels), _named(given, "gamma"))


def _scaled_sum(given: Given) -> Made:
    return Made(own.ScaledSum(given.settings.number("scale", 1.0)), {})


def _elu(given: Given) -> Made:
    return Made(nn.ELU(given.settings.number("alpha", 1.0)), {})


def _idle(given: Given) -> Made:
    """Does something in training only."""
    for key in ("stddev", "l1", "l2", "drop_path_rate", "survival_probability"):
        given.settings.take(key)
    return NOTHING


LAYERS: dict[str, Make] = {
    "Conv2D": _convolution,
    "Convolution2D": _convolution,
    "DepthwiseConv2D": _depthwise,
    "SeparableConv2D": _separable,
    "Conv2DTranspose": _transposed,
    "Dense": _dense,
    "BatchNormalization": _batch_norm,
    "LayerNormalization": _layer_norm,
    "GroupNormalization": _group_norm,
    "Rescaling": _rescaling,
    "Normalization": _normalization,
    "Activation": _activation,
    "ReLU": _relu,
    "LeakyReLU": _leaky,
    "PReLU": _prelu,
    "ELU": _elu,
    "Softmax": _softmax,
    "MaxPooling2D": _max_pool,
    "AveragePooling2D": _average_pool,
    "GlobalAveragePooling2D": _global_pool(nn.AdaptiveAvgPool2d),
    "GlobalMaxPooling2D": _global_pool(nn.AdaptiveMaxPool2d),
    "Flatten": lambda _given: Made(own.Flatten(), {}),
    "Reshape": _reshape,
    "Permute": _permute,
    "Add": _merge(torch.add),
    "Subtract": _merge(torch.sub),
    "Multiply": _merge(torch.mul),
    "Average": _merge(torch.add, averaged=True),
    "Maximum": _merge(torch.maximum),
    "Minimum": _merge(torch.minimum),
    "Concatenate": _concatenate,
    "ZeroPadding2D": _zero_padding,
    "Cropping2D": _cropping,
    "UpSampling2D": _upsampling,
    "Resizing": _resizing,
    "CenterCrop": _centre_crop,
    "LayerScale": _layer_scale,  # of keras.applications' ConvNeXt
    "CustomScaleLayer": _scaled_sum,  # of keras.applications' InceptionResNetV2
    **dict.fromkeys(
        (
            "Dropout", "SpatialDropout2D", "AlphaDropout", "GaussianDropout", "GaussianNoise", "ActivityRegularization",
            "Identity", "StochasticDepth",
        ),
        _idle,
    ),
}  # fmt: skip

AUGMENTATIONS = frozenset((
    "AugMix", "CutMix", "MixUp", "RandAugment", "RandomBrightness", "RandomColorDegeneration", "RandomColorJitter",
    "RandomContrast", "RandomElasticTransform", "RandomErasing", "RandomFlip", "RandomGaussianBlur", "RandomGrayscale",
    "RandomHeight", "RandomHue", "RandomInvert", "RandomPerspective", "RandomPosterization", "RandomRotation",
    "RandomSaturation", "RandomSharpness", "RandomShear", "RandomTranslation", "RandomWidth", "RandomZoom",
))  # fmt: skip
