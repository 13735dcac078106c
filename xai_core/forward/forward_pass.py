"""One forward pass, many answers: activations of any layers and the scores, joined by the graph between them.

Nothing below the shallowest wanted layer and no parameter ever gets a gradient, which is what makes a class map cost
hardly more than a plain forward pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import FunctionType

import torch
from torch import Tensor, nn

from xai_core.errors import LayerError, ModelError
from xai_core.forward.relu_rules import Rule, relu_rule
from xai_core.forward.target import Target, target_scores
from xai_core.models.answer import scores_of
from xai_core.models.grid import from_maps, grid_of, to_maps
from xai_core.models.isolate import isolated


@dataclass(frozen=True, eq=False)
class ForwardPass:
    """What one forward pass left behind.

    activations: {layer: (n, c, h, w)} float, on the graph, in the order in which the layers ran; tokens as maps.
    scores: (n, n_classes) before softmax, on the graph.
    inputs: (n, c, H, W), the leaf from which the whole graph starts, and rule: what its ReLUs hand back; None where the
    pass was taken without a rule and the graph starts at the shallowest layer.
    """

    activations: Mapping[str, Tensor]
    scores: Tensor
    inputs: Tensor | None = None
    rule: Rule | None = None


def run_forward(module: nn.Module, inputs: Tensor, layers: Sequence[str], rule: Rule | None = None) -> ForwardPass:
    """Run `module` once on `inputs` (n, c, H, W) and keep the activations of `layers`.

    rule: with it gradients reach down to the inputs, through ReLUs that follow it ("gradient" leaves them as they are).
    The module is left exactly as it was, whatever happens, and other threads may use it at the same time.
    LayerError: a layer does not exist, does not run exactly once, or gives no tensor.
    ModelError: training mode, or an answer that is not (n, n_classes). NotApplicable: see `relu_rule`.
    """
    _refuse_training(module)
    copy = isolated(module, layers)
    kept: dict[str, Tensor] = {}
    for name in dict.fromkeys(layers):
        copy.get_submodule(name).register_forward_hook(
            lambda _module, _args, output, name=name: _keep(kept, name, output, inputs.shape[2:])
        )
    # Without a rule, hooks switch gradients on at the shallowest layer; leaving the block restores the caller's mode.
    with torch.inference_mode(False), torch.set_grad_enabled(rule is not None), relu_rule(rule or "gradient"):
        leaf = None if rule is None else inputs.detach().clone().requires_grad_()
        # The network gets a clone of the leaf, as an in-place operation may come first.
        scores = scores_of(copy(inputs if leaf is None else leaf.clone()), len(inputs))
    missing = [name for name in layers if name not in kept]
    if missing:
        raise LayerError(f"Layer '{missing[0]}' did not run in this network's forward pass; choose another layer.")
    return ForwardPass(kept, scores, leaf, rule)


def _keep(kept: dict[str, Tensor], name: str, output: object, input_size: Sequence[int]) -> Tensor:
    """Store a layer's output and hand a clone on, because an in-place operation behind it would rewrite it.

    Tokens and outputs with the channels last are kept as maps, through which the pass goes on: a transformer's gradient
    with respect to its maps is the tokens' own, placed.
    """
    if name in kept:
        raise LayerError(
            f"Layer '{name}' runs more than once in a pass, so its map would be ambiguous; choose the block around it."
        )
    if not isinstance(output, Tensor):
        raise LayerError(f"Layer '{name}' gives a {type(output).__name__}, not a tensor; choose a layer inside it.")
    torch.set_grad_enabled(True)
    # A layer that no earlier wanted layer feeds starts a graph of its own.
    on_graph = output if output.requires_grad else output.detach()
    grid = grid_of(output.shape, input_size) if len(input_size) == 2 else None
    if grid is None or grid.kind == "maps":
        kept[name] = on_graph if on_graph.requires_grad else on_graph.requires_grad_()
        return kept[name].clone()
    maps = to_maps(on_graph, grid)
    kept[name] = maps if maps.requires_grad else maps.detach().requires_grad_()
    return from_maps(kept[name].clone(), on_graph, grid)


def _refuse_training(module: nn.Module) -> None:
    """A part that was put in after `eval()` may be in training mode, as long as that makes no difference to it."""
    if module.training:
        training: str | None = "The network"
    else:
        minding = (name for name, part in module.named_modules() if part.training and _minds(type(part).__mro__))
        training = next((f"Layer '{name}'" for name in minding), None)
    if training is not None:
        raise ModelError(
            f"{training} is in training mode, in which a pass changes statistics or drops units at random; call "
            "module.eval() first."
        )


@lru_cache(1024)
def _minds(kinds: tuple[type, ...]) -> bool:
    """Whether the code of a module of these classes asks for `self.training`, as dropouts and norms do."""
    own = (base for base in kinds if base is not nn.Module and issubclass(base, nn.Module))
    functions = (thing for base in own for thing in vars(base).values() if isinstance(thing, FunctionType))
    return any("training" in function.__code__.co_names for function in functions)


def score_gradients(forward_pass: ForwardPass, target: Target, layers: Sequence[str]) -> dict[str, Tensor]:
    """Gradients of the explained number with respect to each layer: {layer: (n, c, h, w)}.

    target: one class for each picture, classes (n, 1). One backward pass from the scores to the shallowest of
    `layers`; the graph stays usable. LayerError: a layer has no influence on the score.
    """
    if not forward_pass.scores.requires_grad:
        raise LayerError(f"Layer '{layers[0]}' has no influence on the score; choose another layer.")
    activations = [forward_pass.activations[name] for name in layers]
    with torch.inference_mode(False), torch.enable_grad():  # whatever the caller's mode is
        explained = target_scores(
            forward_pass.scores, target
        ).sum()  # pictures do not mix in eval mode, so one sum serves all
        gradients = torch.autograd.grad(explained, activations, retain_graph=True, allow_unused=True)
    for name, gradient in zip(layers, gradients, strict=True):
        if gradient is None:
            raise LayerError(f"Layer '{name}' has no influence on the score; choose another layer.")
    return dict(zip(layers, gradients, strict=True))
