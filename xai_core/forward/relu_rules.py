"""Guided backpropagation and DeconvNet: what a ReLU hands back in the backward pass, without touching the network.

The calls themselves are intercepted, in this thread only, so functional ReLUs are met as well as modules, no network is
changed, and another thread's pass over the same network stays as it was.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.overrides import TorchFunctionMode

from xai_core.errors import NotApplicable

# gradient: what passed forwards passes back. deconv: what is positive passes back. guided: both must hold.
Rule = Literal["gradient", "deconv", "guided"]
RULES: tuple[Rule, ...] = ("gradient", "deconv", "guided")
_Rectified = tuple[Tensor, float, bool]  # the input, where the ReLU is clipped, whether it works in place


@contextmanager
def relu_rule(rule: Rule) -> Iterator[None]:
    """A forward pass inside this block gets a graph in which every ReLU follows `rule` on the way back.

    ReLU is meant widely: clipped at 6, written as a clamp, a threshold or a maximum from 0, and in place or not.
    NotApplicable on leaving: the pass met no ReLU, or at least as many activations of other kinds, so that the result
    would be little but a gradient.
    Zeiler & Fergus 2014 (deconv); Springenberg et al. 2015 (guided).
    """
    if rule not in RULES:
        raise ValueError(f"There is no ReLU rule '{rule}'; choose one of {', '.join(RULES)}.")
    if rule == "gradient":
        yield
        return
    mode = _Intercept(rule)
    with mode:
        yield
    reason = _too_few(mode.relus, mode.others)
    if reason:
        raise NotApplicable(reason)


def no_relu_reason(module: nn.Module, input_shape: tuple[int, ...]) -> str | None:
    """Why the rules do not apply to a network, else None; runs it once, as its modules do not tell what it calls."""
    mode = _Intercept("gradient")
    noise = torch.randn(input_shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad(), mode:
        module(noise.to(next((p for p in module.parameters() if p.is_floating_point()), noise)))
    return _too_few(mode.relus, mode.others)


def _too_few(relus: int, others: Counter[str]) -> str | None:
    if relus > others.total():
        return None
    found = ", ".join(f"{n} x {kind}" for kind, n in others.most_common()) or "no activation function at all"
    have = f"Only {relus} of this network's {relus + others.total()} activations are ReLUs"
    return (
        f"{have if relus else 'This network has no ReLU'} ({found}), and nothing else is changed by this method: "
        "it would be a plain gradient under another name."
    )


class _Rectify(torch.autograd.Function):
    """A ReLU, clipped at `ceiling`, that hands back only what is positive."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, ceiling: float, in_place: bool, guided: bool) -> Tensor:
        ctx.ceiling, ctx.guided = ceiling, guided
        if math.isinf(ceiling):
            output = values.relu_() if in_place else values.relu()
        else:
            output = F.hardtanh(values, 0.0, ceiling, in_place)
        if in_place:
            ctx.mark_dirty(values)
        if guided:
            ctx.save_for_backward(output)
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        positive = gradient.clamp(min=0)
        if ctx.guided:
            # The output lies strictly between 0 and the ceiling where the input does, so it serves as the mask.
            (output,) = ctx.saved_tensors
            positive = torch.ops.aten.hardtanh_backward(positive, output, 0.0, ctx.ceiling)
        return positive, None, None, None


class _Intercept(TorchFunctionMode):
    """Turns the ReLU calls of this thread into `_Rectify`, and counts them and the other activations."""

    def __init__(self, rule: Rule) -> None:
        super().__init__()
        self.guided = rule == "guided"
        self.relus = 0
        self.others: Counter[str] = Counter()

    def __torch_function__(
        self, func: Callable[..., Any], _types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        call = _relu_call(func, args, kwargs)
        if call is not None:
            self.relus += 1
            return _Rectify.apply(*call, self.guided)
        other = _other_activation(func, args)
        if other is not None:
            self.others[other] += 1
        return func(*args, **kwargs)


# Which calls of torch are a ReLU, however it is written, and which are activations of another kind.


def _relu_call(func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> _Rectified | None:
    """What a call rectifies; None for one that is no ReLU, and for one that writes to a place of its own."""
    if func not in _RELUS or "out" in kwargs:
        return None
    return _RELUS[func](*args, **kwargs)


def _other_activation(func: Callable[..., Any], args: tuple[Any, ...]) -> str | None:
    """The name of an activation that is no ReLU; None for other calls.

    A sigmoid counts on maps and tokens, as in x * sigmoid(x). On their averages, or on one channel, it is a gate
    (squeeze-and-excitation), which scales what the ReLUs made.
    """
    if func in _GATES and args and not _on_maps(args[0]):
        return None
    return _OTHERS.get(func) or _GATES.get(func)


def _on_maps(values: Any) -> bool:
    return isinstance(values, Tensor) and values.ndim > 2 and min(values.shape[1:]) > 1


def _relu(input: Tensor, inplace: bool = False) -> _Rectified:
    return input, math.inf, inplace


def _relu_(input: Tensor) -> _Rectified:
    return input, math.inf, True


def _relu6(input: Tensor, inplace: bool = False) -> _Rectified:
    return input, 6.0, inplace


def _hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> _Rectified | None:
    return (input, max_val, inplace) if min_val == 0 else None


def _hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> _Rectified | None:
    return _hardtanh(input, min_val, max_val, True)


def _clamp(input: Tensor, min: Any = None, max: Any = None, inplace: bool = False) -> _Rectified | None:
    """From 0 to 1 it is a range of pixels or a gate, and with another tensor as its ceiling no ReLU either."""
    ceiling = math.inf if max is None else max
    if isinstance(ceiling, Tensor) or ceiling <= 1 or not _zero_for(input, min):
        return None
    return input, float(ceiling), inplace


def _clamp_(input: Tensor, min: Any = None, max: Any = None) -> _Rectified | None:
    return _clamp(input, min, max, True)


def _clamp_min(input: Tensor, min: Any) -> _Rectified | None:
    return _clamp(input, min)


def _clamp_min_(input: Tensor, min: Any) -> _Rectified | None:
    return _clamp(input, min, None, True)


def _threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> _Rectified | None:
    return (input, math.inf, inplace) if threshold == 0 and value == 0 else None


def _threshold_(input: Tensor, threshold: float, value: float) -> _Rectified | None:
    return _threshold(input, threshold, value, True)


def _maximum(input: Tensor, other: Any = None, *_axis: Any, **_more: Any) -> _Rectified | None:
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
_RELUS: Mapping[Callable[..., Any], Callable[..., _Rectified | None]] = {
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
