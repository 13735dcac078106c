"""ONNX operators as functions of tensors, by the ONNX standard: (attributes, *inputs) to a tensor or several."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from onnx import TensorProto
from torch import Tensor

from xai_core.models.sources.layer_parts import SamePadding
from xai_core.models.sources.onnx import shapes
from xai_core.models.sources.onnx.shapes import Attributes, whole

_WHOLE = (TensorProto.INT64, TensorProto.INT32, TensorProto.INT16, TensorProto.INT8, TensorProto.UINT8)


def _axes(a: Attributes, given: Tensor | None, x: Tensor) -> list[int]:
    found = a.get("axes") if given is None else given
    if found is None or len(whole(found)) == 0:
        return [] if a.get("noop_with_empty_axes", 0) else list(range(x.ndim))
    return whole(found)


def _reduce(function: Callable[[Tensor, list[int], bool], Tensor]) -> Callable[..., Tensor]:
    def reduce(a: Attributes, x: Tensor, axes: Tensor | None = None) -> Tensor:
        chosen = _axes(a, axes, x)
        return function(x, chosen, bool(a.get("keepdims", 1))) if chosen else x

    return reduce


def _clip(a: Attributes, x: Tensor, low: Tensor | None = None, high: Tensor | None = None) -> Tensor:
    limits = [float(v) if v is not None else None for v in (low, high)]
    low_, high_ = a.get("min", limits[0]), a.get("max", limits[1])
    return x if low_ is None and high_ is None else x.clamp(low_, high_)


def _softmax(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def softmax(a: Attributes, x: Tensor) -> Tensor:
        if a["_opset"] >= 13:
            return function(x, dim=int(a.get("axis", -1)))
        axis = int(a.get("axis", 1)) % x.ndim
        return function(x.flatten(axis), dim=axis).reshape(x.shape)  # before version 13 over all that follows

    return softmax


def _cast(a: Attributes, x: Tensor) -> Tensor:
    if a["to"] == TensorProto.BOOL:
        return x.bool()
    return x.long() if a["to"] in _WHOLE else x.float()


def _gemm(a: Attributes, x: Tensor, y: Tensor, z: Tensor | None = None) -> Tensor:
    product = (x.T if a.get("transA", 0) else x) @ (y.T if a.get("transB", 0) else y) * a.get("alpha", 1.0)
    total: Tensor = product if z is None else product + z * a.get("beta", 1.0)
    return total


def _group_norm(a: Attributes, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    groups = int(a["num_groups"])
    if len(scale) == groups != x.shape[1]:  # version 18 has one number a group
        scale, shift = (v.repeat_interleave(x.shape[1] // groups) for v in (scale, shift))
    return F.group_norm(x, groups, scale, shift, a.get("epsilon", 1e-5))


def _layer_norm(a: Attributes, x: Tensor, scale: Tensor, shift: Tensor | None = None) -> Tensor:
    sizes = x.shape[int(a.get("axis", -1)) % x.ndim :]
    return F.layer_norm(
        x, sizes, scale.expand(sizes), None if shift is None else shift.expand(sizes), a.get("epsilon", 1e-5)
    )


def _average_pool(a: Attributes, x: Tensor) -> Tensor:
    """Padding that PyTorch's layer lacks, and that does not count in the average."""
    kernel, stride = a["kernel_shape"], a.get("strides", (1, 1))
    same = SamePadding(kernel, stride, (1, 1), a.get("auto_pad") != "SAME_LOWER", 0.0)
    top, left, bottom, right = a.get("pads", (0, 0, 0, 0))
    explicit = a.get("auto_pad", "NOTSET") == "NOTSET"

    def summed(values: Tensor) -> Tensor:
        padded = F.pad(values, (left, right, top, bottom)) if explicit else same(values)
        return F.avg_pool2d(padded, kernel, stride, ceil_mode=bool(a.get("ceil_mode", 0)), divisor_override=1)

    return summed(x) / summed(torch.ones_like(x[:1, :1]))


def _folded(function: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    def over_all(_a: Attributes, first: Tensor, *rest: Tensor) -> Tensor:
        for other in rest:
            first = function(first, other)
        return first

    return over_all


def _divide(_a: Attributes, x: Tensor, y: Tensor) -> Tensor:
    return x / y if x.is_floating_point() else torch.div(x, y, rounding_mode="trunc")


def _hard_sigmoid(a: Attributes, x: Tensor) -> Tensor:
    slope, offset = float(a.get("alpha", 0.2)), float(a.get("beta", 0.5))
    return (x * slope + offset).clamp(0, 1)


def _of_one(function: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    return lambda _a, x: function(x)


def _of_two(function: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    return lambda _a, x, y: function(x, y)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{
        op: _of_one(getattr(torch, op.lower()))
        for op in (
            "Abs", "Ceil", "Cos", "Erf", "Exp", "Floor", "Log", "Neg", "Reciprocal", "Round", "Sigmoid", "Sign", "Sin",
            "Sqrt", "Tanh",
        )
    },
    **{op: _of_two(getattr(torch, op.lower())) for op in ("Sub", "Pow", "MatMul", "Greater", "Less")},
    "Add": _folded(torch.add),
    "Sum": _folded(torch.add),
    "Mul": _folded(torch.mul),
    "Max": _folded(torch.maximum),
    "Min": _folded(torch.minimum),
    "Mean": lambda a, *xs: _folded(torch.add)(a, *xs) / len(xs),
    "Div": _divide,
    "Mod": lambda a, x, y: torch.fmod(x, y) if a.get("fmod", 0) else torch.remainder(x, y),
    "Equal": _of_two(torch.eq),
    "GreaterOrEqual": _of_two(torch.ge),
    "LessOrEqual": _of_two(torch.le),
    "And": _of_two(torch.logical_and),
    "Or": _of_two(torch.logical_or),
    "Not": _of_one(torch.logical_not),
    "Where": lambda _a, c, x, y: torch.where(c, x, y),
    "Identity": _of_one(lambda x: x),
    "Dropout": lambda _a, x, *_more: x,
    "Cast": _cast,
    "CastLike": lambda _a, x, like: x.to(like.dtype),
    "Clip": _clip,
    "HardSigmoid": _hard_sigmoid,
    "PRelu": lambda _a, x, slope: torch.where(x < 0, x * slope, x),
    "Softmax": _softmax(torch.softmax),
    "LogSoftmax": _softmax(torch.log_softmax),
    "ReduceMean": _reduce(lambda x, axes, keep: x.mean(axes, keep)),
    "ReduceSum": _reduce(lambda x, axes, keep: x.sum(axes, keep)),
    "ReduceMax": _reduce(lambda x, axes, keep: x.amax(axes, keep)),
    "ReduceMin": _reduce(lambda x, axes, keep: x.amin(axes, keep)),
    "ReduceL2": _reduce(lambda x, axes, keep: x.square().sum(axes, keep).sqrt()),
    "ReduceProd": lambda a, x, *_more: x.prod() if not a.get("keepdims", 1) else x.prod().reshape([1] * x.ndim),
    "Reshape": shapes.reshape,
    "Flatten": lambda a, x: x.reshape(*([x.shape[0]] if a.get("axis", 1) == 1 else [x.shape[: a["axis"]].numel()]), -1),
    "Transpose": shapes.transpose,
    "Squeeze": shapes.squeeze,
    "Unsqueeze": shapes.unsqueeze,
    "Concat": lambda a, *xs: torch.cat(xs, int(a["axis"])),
    "Split": shapes.split,
    "Slice": shapes.cut,
    "Gather": shapes.gather,
    "Expand": shapes.expand,
    "Tile": shapes.tile,
    "Pad": shapes.pad,
    "Shape": shapes.shape_of,
    "Size": _of_one(lambda x: torch.tensor(x.numel())),
    "Range": shapes.counted,
    "ConstantOfShape": shapes.filled,
    "Resize": shapes.resize,
    "Upsample": lambda a, x, scales: shapes.resize(a, x, None, scales),
    "Gemm": _gemm,
    "Einsum": lambda a, *xs: torch.einsum(a["equation"], *xs),
    "AveragePool": _average_pool,
    "InstanceNormalization": lambda a, x, s, b: F.instance_norm(x, weight=s, bias=b, eps=a.get("epsilon", 1e-5)),
    "GroupNormalization": _group_norm,
    "LayerNormalization": _layer_norm,
    "LRN": lambda a, x: F.local_response_norm(
        x, int(a["size"]), a.get("alpha", 1e-4), a.get("beta", 0.75), a.get("bias", 1.0)
    ),
    "DepthToSpace": shapes.depth_to_space,
    "SpaceToDepth": shapes.space_to_depth,
}  # fmt: skip
