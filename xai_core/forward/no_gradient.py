"""Why a layer has no gradient, or none that is a number: the true reason, found by asking the network again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from xai_core.errors import LayerError, ModelError
from xai_core.models.answer import scores_of
from xai_core.models.isolate import find_layer, isolated


def why_no_gradient(module: nn.Module | None, inputs: Tensor | None, layer: str) -> str:
    """One sentence: the scores do not depend on the layer, or they do and the network hides it from the gradient."""
    if module is not None and inputs is not None and _matters(module, inputs, layer):
        return (
            f"The network takes no gradient between layer '{layer}' and its scores, though they depend on it "
            "(torch.no_grad(), detach(), rounding or numbers taken out of PyTorch); choose a layer behind that."
        )
    return f"Layer '{layer}' has no influence on the score; choose another layer."


def why_not_run(module: nn.Module, inputs: Tensor, layer: str) -> str:
    """One sentence for a layer of which no output was seen in a pass."""
    own = {id(t) for t in (*find_layer(module, layer).parameters(), *find_layer(module, layer).buffers())}
    mode = _Uses(own)
    with torch.inference_mode(False), torch.no_grad(), mode:
        isolated(module, [layer])(inputs.clone())
    if mode.used:
        return (
            f"Layer '{layer}' works in this network's forward pass, but it is not called as the network's own module "
            "(a lambda, closure or hook holds it, or its weights are used directly), so its output cannot be seen; "
            "call it by its attribute."
        )
    return f"Layer '{layer}' did not run in this network's forward pass; choose another layer."


def pixels_matter(module: nn.Module, inputs: Tensor) -> bool:
    """Whether other pixels give other scores."""
    with torch.inference_mode(False), torch.no_grad():
        before = scores_of(module(inputs.clone()), len(inputs))
        after = scores_of(module(inputs + _noise(inputs)), len(inputs))
    return not torch.equal(before, after)


def refuse_not_numbers(layer: str, scores: Tensor, gradient: Tensor) -> None:
    """LayerError, ModelError: infinite numbers or NaN in a layer's gradient, or in the scores."""
    if bool(torch.isfinite(gradient).all()):
        return
    if not bool(torch.isfinite(scores).all()):
        raise ModelError("The network gives scores that are not numbers; its weights or its input are broken.")
    bad = ~torch.isfinite(gradient)
    channels = int(bad.flatten(2).any(dim=2).any(dim=0).sum()) if gradient.ndim > 2 else int(bad.sum())
    raise LayerError(
        f"The gradient at layer '{layer}' is not a number in {channels} of {gradient.shape[1]} channels: something "
        "behind it divides by nothing, such as the root of a standard deviation or a length that is 0; choose a layer "
        "nearer to the scores."
    )


def refuse_flat(module: nn.Module, inputs: Tensor, layer: str, explained: Callable[[Tensor], Tensor]) -> None:
    """LayerError where a gradient that is 0 everywhere would pass for a layer without influence. explained: from the
    scores (n, classes) to what was asked about."""
    if _matters(module, inputs, layer, explained):
        raise LayerError(
            f"The gradient at layer '{layer}' is exactly 0 everywhere, though other activations there would give other "
            "scores: behind it something rounds, takes signs, is saturated or off; choose a layer nearer to the scores."
        )


def _matters(
    module: nn.Module, inputs: Tensor, layer: str, explained: Callable[[Tensor], Tensor] = lambda scores: scores
) -> bool:
    """Whether other activations of the layer give other scores, or another number that is explained by them."""

    def run(change: bool) -> Tensor:
        copy = isolated(module, [layer])
        if change:
            copy.get_submodule(layer).register_forward_hook(lambda _m, _args, output: output + _noise(output))
        return explained(scores_of(copy(inputs.clone()), len(inputs)))

    with torch.inference_mode(False), torch.no_grad():
        return not torch.equal(run(False), run(True))


def _noise(values: Tensor) -> Tensor:
    """Of about the size of the values."""
    random = torch.randn(values.shape, generator=torch.Generator().manual_seed(0)).to(values)
    return random * (values.detach().abs().mean() + 1e-3)


class _Uses(TorchFunctionMode):
    """Within the block, and in this thread only, it sees whether one of these tensors is used."""

    def __init__(self, own: set[int]) -> None:
        super().__init__()
        self.own, self.used = own, False

    def __torch_function__(
        self, func: Callable[..., Any], _types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        tensors = (one for one in tree_leaves((args, kwargs or {})) if isinstance(one, Tensor))
        self.used = self.used or (isinstance(made, Tensor) and any(id(one) in self.own for one in tensors))
        return made
