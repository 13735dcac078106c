"""Guided backpropagation and DeconvNet: what a ReLU hands back in the backward pass, without touching the network.

The calls themselves are intercepted, in this thread only, so functional ReLUs are met as well as modules, no network is
changed, and another thread's pass over the same network stays as it was.
"""

from __future__ import annotations

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


@contextmanager
def relu_rule(rule: Rule) -> Iterator[None]:
    """A forward pass inside this block gets a graph in which every ReLU follows `rule` on the way back.

    ReLU is meant widely: clipped at 6, or a hardtanh from 0, and in place or not. NotApplicable on leaving: the pass
    met no ReLU, or at least as many activations of other kinds, so that the result would be little but a gradient.
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
    """Why the rules do not apply to a network, else None; runs it once unless its modules already tell."""
    kinds = Counter(type(part).__name__ for part in module.modules())
    others = Counter({kind: n for kind, n in kinds.items() if kind in _OTHERS.values()})
    relus = sum(isinstance(part, nn.ReLU | nn.ReLU6) for part in module.modules())
    if bool(relus) != bool(others):
        return _too_few(relus, others)
    mode = _Intercept("gradient")
    device = next((p.device for p in module.parameters()), None)
    with torch.no_grad(), mode:
        module(torch.zeros(input_shape, device=device))
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


Call = tuple[Tensor, float, bool]  # the input, where the ReLU is clipped, whether it works in place


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


# The signatures are torch's own, so that Python sorts positional and keyword arguments.
_CALLS: Mapping[Callable[..., Any], Callable[..., Call | None]] = {
    torch.relu: _relu,
    Tensor.relu: _relu,
    F.relu: _relu,
    torch.relu_: _relu_,
    Tensor.relu_: _relu_,
    F.relu6: _relu6,
    F.hardtanh: _hardtanh,
    F.hardtanh_: _hardtanh_,
}
_OTHERS: Mapping[Callable[..., Any], str] = {
    F.silu: "SiLU",
    F.gelu: "GELU",
    F.hardswish: "Hardswish",
    F.mish: "Mish",
    F.elu: "ELU",
    F.selu: "SELU",
    F.celu: "CELU",
    F.leaky_relu: "LeakyReLU",
    F.prelu: "PReLU",
    F.softplus: "Softplus",
    F.hardtanh: "Hardtanh (not from 0)",
    torch.tanh: "Tanh",
    Tensor.tanh: "Tanh",
}


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
        call = _CALLS[func](*args, **kwargs) if func in _CALLS else None
        if call is None:
            self.others.update([_OTHERS[func]] if func in _OTHERS else [])
            return func(*args, **kwargs)
        self.relus += 1
        return _Rectify.apply(*call, self.guided)
