"""Gradients of a class score, or of one unit, with respect to the pixels; ReLUs may follow another rule on the way."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from xai_core.errors import LayerError
from xai_core.trace.capture import Trace, trace
from xai_core.trace.relu_rules import Rule
from xai_core.trace.target import Target, target_scores


def input_gradient(module: nn.Module, inputs: Tensor, target: Target, rule: Rule = "gradient") -> Tensor:
    """Gradients (n, k, c, H, W) of the k explained numbers with respect to `inputs` (n, c, H, W).

    One forward pass, and one backward pass for each class; `module` and `inputs` stay untouched, and the caller's
    gradient mode does not matter. ClassError, ModelError, NotApplicable: see `trace`.
    """
    traced = trace(module, inputs, (), rule)
    return torch.stack([score_gradient(traced, column) for column in target.columns()], dim=1)


def score_gradient(traced: Trace, target: Target) -> Tensor:
    """Gradient (n, c, H, W) of one explained number for each picture, from a pass that was taken with a rule."""
    explained = target_scores(traced.scores, target).sum()  # pictures do not mix in eval mode, so one sum serves all
    return _gradient(explained, traced)


def neuron_gradient(
    module: nn.Module, inputs: Tensor, layer: str, unit: Sequence[int] | Tensor, rule: Rule = "guided"
) -> Tensor:
    """Gradient of one unit's activation with respect to `inputs`, in their shape (n, c, H, W).

    unit: its place in the layer, (channel, row, column) or (channel,) after a linear layer; a tensor (n, 3) or (n, 1)
    names another unit for each picture. rule: "gradient", "deconv" (Zeiler & Fergus 2014) or "guided" (Springenberg
    et al. 2015). LayerError: no such layer or unit, or one that does not run exactly once. NotApplicable: no ReLUs.
    """
    traced = trace(module, inputs, [layer], rule)
    activations = traced.activations[layer]
    places = _places(layer, tuple(activations.shape[1:]), unit).expand(len(inputs), -1)
    pictures = torch.arange(len(inputs), device=activations.device)
    return _gradient(activations[(pictures, *places.to(activations.device).T)].sum(), traced)


def _gradient(explained: Tensor, traced: Trace) -> Tensor:
    if traced.inputs is None:
        raise ValueError("This pass was taken without a rule, so no gradient reaches the pixels; give trace() a rule.")
    gradient = None
    if explained.requires_grad:
        (gradient,) = torch.autograd.grad(explained, traced.inputs, retain_graph=True, allow_unused=True)
    return torch.zeros_like(traced.inputs) if gradient is None else gradient


def _places(layer: str, shape: tuple[int, ...], unit: Sequence[int] | Tensor) -> Tensor:
    """The unit's indices, int64 (1 or n, number of axes)."""
    places = torch.as_tensor(unit, dtype=torch.int64)
    places = places[None] if places.ndim == 1 else places
    if places.shape[1] != len(shape):
        raise LayerError(f"A unit of layer '{layer}' has {len(shape)} indices, for {shape}; {unit} was given.")
    if not ((places >= 0) & (places < torch.tensor(shape))).all():
        raise LayerError(f"Layer '{layer}' gives {shape}, so it has no unit {unit}; indices count from 0.")
    return places
