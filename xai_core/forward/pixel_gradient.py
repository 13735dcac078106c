"""Gradients of a class score, or of one unit, with respect to the pixels; ReLUs may follow another rule on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from xai_core.errors import LayerError, NotApplicable
from xai_core.forward.forward_pass import ForwardPass, run_forward
from xai_core.forward.no_gradient import pixels_matter
from xai_core.forward.relu_rules import Rule
from xai_core.forward.target import Target, target_scores


def input_gradient(module: nn.Module, inputs: Tensor, target: Target, rule: Rule = "gradient") -> Tensor:
    """Gradients (n, k, c, H, W) of the k explained numbers with respect to `inputs` (n, c, H, W).

    One forward pass, and one backward pass for each class; `module` and `inputs` stay untouched, and the caller's
    gradient mode does not matter. ClassError, ModelError, NotApplicable: see `run_forward`.
    """
    image_pass, columns = run_forward(module, inputs, (), rule), target.columns()
    return torch.stack([score_gradient(image_pass, column, last=column is columns[-1]) for column in columns], dim=1)


def score_gradient(image_pass: ForwardPass, target: Target, *, last: bool = False) -> Tensor:
    """Gradient (n, c, H, W) of one explained number for each picture, from a pass that was taken with a rule.

    last: nobody will ask this pass again, so its memory is given back on the way.
    """
    # Pictures do not mix in eval mode, so one sum serves all.
    return _gradient(image_pass, lambda: target_scores(image_pass.scores, target).sum(), last)


def neuron_gradient(
    module: nn.Module,
    inputs: Tensor,
    layer: str,
    unit: Sequence[int] | Tensor,
    rule: Rule = "guided",
    *,
    lift_ceiling: bool = False,
) -> Tensor:
    """Gradient of one unit's activation with respect to `inputs`, in their shape (n, c, H, W).

    unit: its place in the layer, (channel, row, column) or (channel,) after a linear layer; a tensor (n, 3) or (n, 1)
    names another unit for each picture. rule: "gradient", "deconv" (Zeiler & Fergus 2014) or "guided" (Springenberg
    et al. 2015). lift_ceiling: a unit that a ReLU6 cuts off at 6 has no gradient; with it, it gets that of the number
    before the cut. LayerError: no such layer or unit, or one that does not run exactly once. NotApplicable: no ReLUs.
    """
    image_pass = run_forward(module, inputs, [layer], rule)

    def activation() -> Tensor:
        values = image_pass.activations[layer]
        places = _places(layer, tuple(values.shape), unit).to(values.device)
        chosen = values[(torch.arange(len(values), device=values.device), *places.T)]
        if lift_ceiling and bool((chosen > 0).all()):
            _lift_ceiling(values)
        return chosen.sum()

    return _gradient(image_pass, activation, last=True)


def effective_receptive_field(module: nn.Module, inputs: Tensor, layer: str, unit: Sequence[int] | Tensor) -> Tensor:
    """Where in its receptive field a unit really looks: its absolute gradient to the pixels, (H, W).

    Summed over the channels of `inputs` (n, c, H, W) and averaged over its pictures (Luo et al. 2016). A single picture
    shows what matters there, many what matters at large. LayerError: no such layer or unit.
    """
    return neuron_gradient(module, inputs, layer, unit, rule="gradient").abs().sum(dim=1).mean(dim=0)


def _lift_ceiling(values: Tensor) -> None:
    """Let the clipping that made these values hand all of its gradient back, as it does where nothing is cut off."""
    clip = values.grad_fn
    if clip is not None and clip.name().startswith(("HardtanhBackward", "_RectifyBackward")):
        clip.register_hook(lambda inner, outer: (outer[0], *inner[1:]))


def _gradient(image_pass: ForwardPass, explained: Callable[[], Tensor], last: bool) -> Tensor:
    """Zero where the explained number does not depend on the pixels; NotApplicable where only its gradient hides."""
    if image_pass.inputs is None:
        raise ValueError("This pass was taken without a rule, so no gradient reaches the pixels; give trace() a rule.")
    gradient = None
    with torch.inference_mode(False), torch.enable_grad():  # whatever the caller's mode is
        number = explained()
        if number.requires_grad:
            (gradient,) = torch.autograd.grad(number, image_pass.inputs, retain_graph=not last, allow_unused=True)
    if gradient is None:
        _refuse_hidden(image_pass)
        return torch.zeros_like(image_pass.inputs)
    if not bool(torch.isfinite(gradient).all()):
        raise NotApplicable(
            "The gradient at the pixels is not a number: something in the network divides by nothing, such as the root "
            "of a standard deviation or a length that is 0. Methods that read a layer near the scores may apply."
        )
    return gradient


def _refuse_hidden(image_pass: ForwardPass) -> None:
    if (
        image_pass.module is not None
        and image_pass.given is not None
        and pixels_matter(image_pass.module, image_pass.given)
    ):
        raise NotApplicable(
            "The network takes no gradient on the way from the pixels to its scores (torch.no_grad(), detach() or "
            "numbers taken out of PyTorch), though they depend on them; choose a layer behind that, or remove it."
        )


def _places(layer: str, shape: tuple[int, ...], unit: Sequence[int] | Tensor) -> Tensor:
    """The unit's indices for each picture, int64 (n, number of axes), from the layer's shape (n, ...)."""
    places = torch.as_tensor(unit, dtype=torch.int64).clone()
    places = places.expand(shape[0], -1) if places.ndim == 1 else places
    if places.shape != (shape[0], len(shape) - 1):
        raise LayerError(
            f"Layer '{layer}' gives {shape}, so a unit has {len(shape) - 1} indices, one row for all pictures or "
            f"{shape[0]} rows; {unit} was given."
        )
    if not ((places >= 0) & (places < torch.tensor(shape[1:]))).all():
        raise LayerError(f"Layer '{layer}' gives {shape}, so it has no unit {unit}; indices count from 0.")
    return places
