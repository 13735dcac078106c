"""ONNX operators as PyTorch's own layers, where their weights are constants: what the other pages know how to read."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from xai_core.models.sources.layer_parts import SamePadding, filled
from xai_core.models.sources.onnx.graph import Node

Constants = Mapping[str, Tensor]
Make = Callable[[Mapping[str, Any], Sequence[Tensor | None]], nn.Module | None]


def layer_of(node: Node, constants: Constants) -> nn.Module | None:
    """The layer that does what the operator does to its first input; None where it needs other inputs, or is none."""
    make = LAYERS.get(node.op)
    if make is None or any(name and name not in constants for name in node.inputs[1:]) or node.inputs[0] in constants:
        return None
    layer = make(node.attributes, [constants.get(name) for name in node.inputs[1:]])
    return None if layer is None else layer.eval().requires_grad_(False)


def _window(a: Mapping[str, Any], kernel: Sequence[int]) -> tuple[dict[str, Any], nn.Module | None, tuple[int, int]]:
    """Stride and dilation, a padding layer where PyTorch's own cannot do it, and the padding (rows, columns)."""
    stride, dilation = list(a.get("strides", (1, 1))), list(a.get("dilations", (1, 1)))
    options = {"kernel_size": tuple(kernel), "stride": tuple(stride), "dilation": tuple(dilation)}
    rule = a.get("auto_pad", "NOTSET")
    if rule in ("SAME_UPPER", "SAME_LOWER"):
        return options, SamePadding(kernel, stride, dilation, rule == "SAME_UPPER", 0.0), (0, 0)
    top, left, bottom, right = a.get("pads", (0, 0, 0, 0)) if rule == "NOTSET" else (0, 0, 0, 0)
    if (top, left) == (bottom, right):
        return options, None, (top, left)
    return options, nn.ConstantPad2d((left, right, top, bottom), 0.0), (0, 0)


def _behind(padding: nn.Module | None, layer: nn.Module) -> nn.Module:
    return layer if padding is None else nn.Sequential(padding, layer)


def _convolution(a: Mapping[str, Any], weights: Sequence[Tensor | None]) -> nn.Module | None:
    weight, bias = weights[0], weights[1] if len(weights) > 1 else None
    if weight is None or weight.ndim != 4:
        return None
    options, padding, pad = _window(a, weight.shape[2:])
    groups = int(a.get("group", 1))
    made = nn.Conv2d(
        weight.shape[1] * groups, weight.shape[0], padding=pad, groups=groups, bias=bias is not None, device="meta",
        **options,
    )  # fmt: skip
    return _behind(padding, filled(made, weight=weight, bias=bias))


def _normalisation(a: Mapping[str, Any], weights: Sequence[Tensor | None]) -> nn.Module | None:
    scale, shift, mean, var = weights
    if scale is None or a.get("training_mode", 0):
        return None
    made = nn.BatchNorm2d(len(scale), eps=a.get("epsilon", 1e-5), device="meta")
    filled(made, weight=scale, bias=shift, running_mean=mean, running_var=var)
    return filled(made, num_batches_tracked=torch.zeros((), dtype=torch.int64))


def _layer_normalisation(a: Mapping[str, Any], weights: Sequence[Tensor | None]) -> nn.Module | None:
    scale, shift = weights[0], weights[1] if len(weights) > 1 else None
    if scale is None or int(a.get("axis", -1)) not in (-1, -scale.ndim):
        return None
    made = nn.LayerNorm(tuple(scale.shape), eps=a.get("epsilon", 1e-5), device="meta")
    return filled(made, weight=scale, bias=shift)


def _linear(weight: Tensor | None, bias: Tensor | None) -> nn.Module | None:
    if weight is None or weight.ndim != 2 or (bias is not None and bias.shape != weight.shape[:1]):
        return None
    made = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None, device="meta")
    return filled(made, weight=weight.contiguous(), bias=bias)


def _gemm(a: Mapping[str, Any], weights: Sequence[Tensor | None]) -> nn.Module | None:
    weight, bias = weights[0], weights[1] if len(weights) > 1 else None
    if weight is None or a.get("transA", 0):
        return None
    turned = weight if a.get("transB", 0) else weight.T
    return _linear(turned * a.get("alpha", 1.0), None if bias is None else bias.flatten() * a.get("beta", 1.0))


def _matmul(_a: Mapping[str, Any], weights: Sequence[Tensor | None]) -> nn.Module | None:
    weight, bias = weights[0], weights[1] if len(weights) > 1 else None  # the bias of an addition behind it
    return None if weight is None or weight.ndim != 2 else _linear(weight.T, bias)


def _clip(a: Mapping[str, Any], limits: Sequence[Tensor | None]) -> nn.Module | None:
    low, high = (float(v) if v is not None else None for v in (*limits, None, None)[:2])
    low, high = a.get("min", low), a.get("max", high)
    if low == 0 and high == 6:
        return nn.ReLU6()
    return nn.ReLU() if low == 0 and high is None else None


def _max_pool(a: Mapping[str, Any], _weights: Sequence[Tensor | None]) -> nn.Module | None:
    if len(a["kernel_shape"]) != 2 or a.get("storage_order", 0):
        return None
    options, padding, pad = _window(a, a["kernel_shape"])
    lowest = {"fill": float("-inf")}
    if isinstance(padding, SamePadding):
        padding.fill = lowest["fill"]
    elif isinstance(padding, nn.ConstantPad2d):
        padding.value = lowest["fill"]
    return _behind(padding, nn.MaxPool2d(padding=pad, ceil_mode=bool(a.get("ceil_mode", 0)), **options))


def _average_pool(a: Mapping[str, Any], _weights: Sequence[Tensor | None]) -> nn.Module | None:
    options, padding, pad = _window(a, a["kernel_shape"])
    counted = bool(a.get("count_include_pad", 0))
    if len(a["kernel_shape"]) != 2 or options.pop("dilation") != (1, 1) or (padding is not None and not counted):
        return None
    made = nn.AvgPool2d(padding=pad, ceil_mode=bool(a.get("ceil_mode", 0)), count_include_pad=counted, **options)
    return _behind(padding, made)


def _plain(make: Callable[[Mapping[str, Any]], nn.Module]) -> Make:
    return lambda a, _weights: make(a)


LAYERS: dict[str, Make] = {
    "Conv": _convolution,
    "BatchNormalization": _normalisation,
    "LayerNormalization": _layer_normalisation,
    "Gemm": _gemm,
    "MatMul": _matmul,
    "Clip": _clip,
    "MaxPool": _max_pool,
    "AveragePool": _average_pool,
    "PRelu": lambda _a, w: None if w[0] is None else filled(nn.PReLU(device="meta"), weight=w[0].flatten()),
    "GlobalAveragePool": _plain(lambda _a: nn.AdaptiveAvgPool2d(1)),
    "GlobalMaxPool": _plain(lambda _a: nn.AdaptiveMaxPool2d(1)),
    "Relu": _plain(lambda _a: nn.ReLU()),
    "LeakyRelu": _plain(lambda a: nn.LeakyReLU(a.get("alpha", 0.01))),
    "Elu": _plain(lambda a: nn.ELU(a.get("alpha", 1.0))),
    "Selu": _plain(lambda _a: nn.SELU()),
    "Celu": _plain(lambda a: nn.CELU(a.get("alpha", 1.0))),
    "Gelu": _plain(lambda a: nn.GELU(a.get("approximate", "none"))),
    "Mish": _plain(lambda _a: nn.Mish()),
    "Sigmoid": _plain(lambda _a: nn.Sigmoid()),
    "HardSwish": _plain(lambda _a: nn.Hardswish()),
    "Tanh": _plain(lambda _a: nn.Tanh()),
    "Softplus": _plain(lambda _a: nn.Softplus()),
    "Softsign": _plain(lambda _a: nn.Softsign()),
}
