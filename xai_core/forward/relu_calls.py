"""Which calls of torch are a ReLU, however it is written, and which are activations of another kind."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

Call = tuple[Tensor, float, bool]  # the input, where the ReLU is clipped, whether it works in place


def relu_call(func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
    """What a call rectifies; None for one that is no ReLU, and for one that writes to a place of its own."""
    if func not in _RELUS or "out" in kwargs:
        return None
    return _RELUS[func](*args, **kwargs)


def other_activation(func: Callable[..., Any], args: tuple[Any, ...]) -> str | None:
    """The name of an activation that is no ReLU; None for other calls.

    A sigmoid counts on maps and tokens, as in x * sigmoid(x). On their averages, or on one channel, it is a gate
    (squeeze-and-excitation), which scales what the ReLUs made.
    """
    if func in _GATES and args and not _on_maps(args[0]):
        return None
    return _OTHERS.get(func) or _GATES.get(func)


def _on_maps(values: Any) -> bool:
    return isinstance(values, Tensor) and values.ndim > 2 and min(values.shape[1:]) > 1


def _relu(input: Tensor, inplace: bool = False) -> Call:
    return input, math.inf, inplace


def _relu_(input: Tensor) -> Call:
    return input, math.inf, True


def _relu6(input: Tensor, inplace: bool = False) -> Call:
    return input, 6.0, inplace


def _hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Call | None:
    return (input, max_val, inplace) if min_val == 0 else None


def _hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Call | None:
    return _hardtanh(input, min_val, max_val, True)


def _clamp(input: Tensor, min: Any = None, max: Any = None, inplace: bool = False) -> Call | None:
    """From 0 to 1 it is a range of pixels or a gate, and with another tensor as its ceiling no ReLU either."""
    ceiling = math.inf if max is None else max
    if isinstance(ceiling, Tensor) or ceiling <= 1 or not _zero_for(input, min):
        return None
    return input, float(ceiling), inplace


def _clamp_(input: Tensor, min: Any = None, max: Any = None) -> Call | None:
    return _clamp(input, min, max, True)


def _clamp_min(input: Tensor, min: Any) -> Call | None:
    return _clamp(input, min)


def _clamp_min_(input: Tensor, min: Any) -> Call | None:
    return _clamp(input, min, None, True)


def _threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Call | None:
    return (input, math.inf, inplace) if threshold == 0 and value == 0 else None


def _threshold_(input: Tensor, threshold: float, value: float) -> Call | None:
    return _threshold(input, threshold, value, True)


def _maximum(input: Tensor, other: Any = None, *_axis: Any, **_more: Any) -> Call | None:
    """The larger of two tensors, one of which is zero; `torch.max` along an axis is none."""
    if isinstance(other, Tensor):
        for values, floor in ((input, other), (other, input)):
            if _zero_for(values, floor):
                return values, math.inf, False
    return None


def _zero_for(values: Tensor, floor: Any) -> bool:
    """Whether a lower bound is 0 for all of these numbers, without changing their shape or type."""
    if not values.is_floating_point():
        return False
    if not isinstance(floor, Tensor):
        return floor is not None and floor == 0
    fits = floor.ndim == 0 or (floor.dtype == values.dtype and floor.shape in ((1,), values.shape))
    return fits and values.ndim > 0 and not floor.requires_grad and not floor.any()


# The signatures are torch's own, so that Python sorts positional and keyword arguments.
_RELUS: Mapping[Callable[..., Any], Callable[..., Call | None]] = {
    **dict.fromkeys((torch.relu, Tensor.relu, F.relu), _relu),
    **dict.fromkeys((torch.relu_, Tensor.relu_), _relu_),
    F.relu6: _relu6,
    F.hardtanh: _hardtanh,
    F.hardtanh_: _hardtanh_,
    **dict.fromkeys((torch.clamp, Tensor.clamp, torch.clip, Tensor.clip), _clamp),
    **dict.fromkeys((torch.clamp_, Tensor.clamp_, torch.clip_, Tensor.clip_), _clamp_),
    **dict.fromkeys((torch.clamp_min, Tensor.clamp_min), _clamp_min),
    **dict.fromkeys((torch.clamp_min_, Tensor.clamp_min_), _clamp_min_),
    **dict.fromkeys((F.threshold, torch.threshold), _threshold),
    F.threshold_: _threshold_,  # type: ignore[attr-defined]  # known to torch, not to its stubs
    **dict.fromkeys((torch.maximum, Tensor.maximum, torch.fmax, Tensor.fmax, torch.max, Tensor.max), _maximum),
}
_OTHERS: Mapping[Callable[..., Any], str] = {
    F.silu: "SiLU",
    **dict.fromkeys((F.gelu, torch.erf, Tensor.erf, Tensor.erf_, torch.special.erf), "GELU"),
    F.hardswish: "Hardswish",
    F.mish: "Mish",
    **dict.fromkeys((F.elu, F.elu_), "ELU"),
    **dict.fromkeys((F.selu, torch.selu, torch.selu_), "SELU"),
    **dict.fromkeys((F.celu, torch.celu, torch.celu_), "CELU"),
    **dict.fromkeys((F.leaky_relu, F.leaky_relu_), "LeakyReLU"),
    **dict.fromkeys((F.rrelu, torch.rrelu, torch.rrelu_), "RReLU"),
    **dict.fromkeys((F.prelu, Tensor.prelu), "PReLU"),
    F.softplus: "Softplus",
    F.softsign: "Softsign",
    F.logsigmoid: "LogSigmoid",
    F.glu: "GLU",
    **dict.fromkeys((F.hardtanh, F.hardtanh_), "Hardtanh (not from 0)"),
    **dict.fromkeys((torch.tanh, torch.tanh_, Tensor.tanh, Tensor.tanh_), "Tanh"),
}
_GATES: Mapping[Callable[..., Any], str] = {
    **dict.fromkeys((torch.sigmoid, torch.sigmoid_, Tensor.sigmoid, Tensor.sigmoid_), "Sigmoid"),
    **dict.fromkeys((torch.special.expit, F.hardsigmoid), "Sigmoid"),
}
