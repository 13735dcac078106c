"""Guided backpropagation and DeconvNet: what a ReLU hands back in the backward pass, without touching the network.

The calls themselves are intercepted, in this thread only, so functional ReLUs are met as well as modules, no network is
changed, and another thread's pass over the same network stays as it was.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.overrides import TorchFunctionMode

from xai_core.errors import NotApplicable
from xai_core.forward.relu_calls import other_activation, relu_call

# gradient: what passed forwards passes back. deconv: what is positive passes back. guided: both must hold.
Rule = Literal["gradient", "deconv", "guided"]
RULES: tuple[Rule, ...] = ("gradient", "deconv", "guided")


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
        call = relu_call(func, args, kwargs)
        if call is not None:
            self.relus += 1
            return _Rectify.apply(*call, self.guided)
        other = other_activation(func, args)
        if other is not None:
            self.others[other] += 1
        return func(*args, **kwargs)
