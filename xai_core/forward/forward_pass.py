"""One forward pass, many answers: activations of any layers and the scores, joined by the graph between them.

Nothing below the shallowest wanted layer and no parameter ever gets a gradient, which is what makes a class map cost
hardly more than a plain forward pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import FunctionType

import torch
from torch import Tensor, nn

from xai_core.errors import LayerError, ModelError
from xai_core.forward.capture import CHECKPOINTING, Captured, Rewritten, catch
from xai_core.forward.inputs import refuse_inputs
from xai_core.forward.mixing import mixing, refuse_mixing
from xai_core.forward.no_gradient import refuse_flat, refuse_not_numbers, why_no_gradient, why_not_run
from xai_core.forward.relu_rules import Rule, relu_rule
from xai_core.forward.target import Target, target_scores
from xai_core.models.answer import scores_of
from xai_core.models.grid import Grid
from xai_core.models.isolate import find_layer, isolated
from xai_core.models.layouts import Layout, layouts, looks_plain, plain


@dataclass(frozen=True, eq=False)
class ForwardPass:
    """What one forward pass left behind.

    activations: {layer: (n, c, h, w)} float, on the graph, in the order in which the layers ran; tokens as maps.
    scores: (n, n_classes) before softmax, on the graph.
    inputs: (n, c, H, W), the leaf from which the whole graph starts, and rule: what its ReLUs hand back; None where the
    pass was taken without a rule and the graph starts at the shallowest layer.
    layouts: how each layer keeps the picture's places, or why its activations are no maps and stand here as they are.
    module, given: what ran, and on which inputs. recomputed: layers inside gradient checkpointing.
    """

    activations: Mapping[str, Tensor]
    scores: Tensor
    inputs: Tensor | None = None
    rule: Rule | None = None
    layouts: Mapping[str, Layout] = field(default_factory=dict)
    module: nn.Module | None = None
    given: Tensor | None = None
    recomputed: frozenset[str] = frozenset()


def run_forward(module: nn.Module, inputs: Tensor, layers: Sequence[str], rule: Rule | None = None) -> ForwardPass:
    """Run `module` once on `inputs` (n, c, H, W) and keep the activations of `layers`.

    A network that mixes the pictures of a batch takes them one by one where no activations are kept.
    rule: with it gradients reach down to the inputs, through ReLUs that follow it ("gradient" leaves them as they are).
    The module is left exactly as it was, whatever happens, and other threads may use it at the same time.
    LayerError: a layer does not exist, does not run exactly once, or gives no tensor of floats.
    ModelError: training mode, other inputs, several that would mix, or an answer that is not (n, n_classes).
    NotApplicable: see `relu_rule`.
    """
    refuse_inputs(module, inputs)
    _refuse_training(module)
    names = tuple(dict.fromkeys(layers))
    if names:
        refuse_mixing(module, inputs)
    sure = all(plain(find_layer(module, name)) for name in names)  # then no pass is needed to know the layouts
    known = {} if sure else layouts(module, inputs.shape, names)
    try:
        found = _run(module, inputs, names, rule, known, careful=False)
        if sure and not all(looks_plain(values.shape, inputs.shape) for values in found.activations.values()):
            return _run(module, inputs, names, rule, layouts(module, inputs.shape, names), careful=False)
        return found
    except Rewritten:
        return _run(module, inputs, names, rule, known or layouts(module, inputs.shape, names), careful=True)


def plain_scores(module: nn.Module, inputs: Tensor) -> Tensor:
    """Scores (n, n_classes) of one pass over all of `inputs`, without gradients, for callers who know that none mix."""
    refuse_inputs(module, inputs)
    _refuse_training(module)
    with torch.inference_mode(False), torch.no_grad():
        return scores_of(module(inputs), len(inputs))


def maps_of(forward_pass: ForwardPass, layer: str) -> Tensor:
    """The activations (n, c, h, w) of a layer; LayerError with the reason where they are no maps of the picture."""
    layout, values = forward_pass.layouts.get(layer), forward_pass.activations[layer]
    if isinstance(layout, str) and values.ndim > 2:
        raise LayerError(layout)
    if values.ndim != 4:
        shape = tuple(values.shape)
        raise LayerError(f"Layer '{layer}' gives {shape}, not feature maps (n, c, h, w); choose another layer.")
    return values


def _run(
    module: nn.Module,
    inputs: Tensor,
    layers: Sequence[str],
    rule: Rule | None,
    known: Mapping[str, Layout],
    careful: bool,
) -> ForwardPass:
    """known: layouts; a layer without one gives maps. careful: see `catch`; Rewritten: it is needed."""
    copy = isolated(module, layers)
    apart = not layers and len(inputs) > 1 and mixing(module, inputs) is not None
    grids = {name: layout for name, layout in known.items() if isinstance(layout, Grid)}
    # Without a rule, hooks switch gradients on at the shallowest layer; leaving the block restores the caller's mode.
    with torch.inference_mode(False), torch.set_grad_enabled(rule is not None), relu_rule(rule or "gradient"):
        leaf = None if rule is None else inputs.detach().clone().requires_grad_()
        # The network gets a clone of the leaf, as an in-place operation may come first.
        given = leaf.clone() if leaf is not None else inputs.clone() if careful else inputs
        with catch(copy, layers, grids, given, careful) as captured:
            parts = [image[None].clone() for image in given] if apart else [given]  # it may write into its input
            scores = torch.cat([scores_of(copy(images), len(images)) for images in parts])
    _refuse_missing(module, inputs, layers, captured)
    stated = {name: known.get(name) or _by_construction(copy, name, captured.kept[name]) for name in layers}
    return ForwardPass(captured.kept, scores, leaf, rule, stated, module, inputs, frozenset(captured.recomputed))


def _by_construction(module: nn.Module, name: str, values: Tensor) -> Layout:
    if values.ndim == 4 and plain(find_layer(module, name)):
        return Grid("maps", values.shape[2], values.shape[3], values.shape[1])
    return f"How layer '{name}' keeps the picture's places cannot be found out; choose another layer."


def _refuse_missing(module: nn.Module, inputs: Tensor, layers: Sequence[str], captured: Captured) -> None:
    missing = next((name for name in layers if name not in captured.kept), None)
    if missing is not None:
        raise LayerError(why_not_run(module, inputs, missing))


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
    `layers`; the graph stays usable. LayerError: a layer has no gradient, or one that is no number; it says why.
    """
    if not forward_pass.scores.requires_grad:
        raise LayerError(_why_none(forward_pass, layers[0]))
    activations = [forward_pass.activations[name] for name in layers]
    with torch.inference_mode(False), torch.enable_grad():  # whatever the caller's mode is
        explained = target_scores(
            forward_pass.scores, target
        ).sum()  # pictures do not mix in eval mode, so one sum serves all
        try:
            gradients = torch.autograd.grad(explained, activations, retain_graph=True, allow_unused=True)
        except RuntimeError as error:
            if "torch.utils.checkpoint is incompatible" not in str(error):
                raise
            raise LayerError(
                f"Behind layer '{layers[0]}' the network uses gradient checkpointing of the reentrant kind, through "
                "which PyTorch gives no single gradient; switch it off first, or choose a layer behind it."
            ) from error
    for name, gradient in zip(layers, gradients, strict=True):
        if gradient is None:
            raise LayerError(_why_none(forward_pass, name))
        refuse_not_numbers(name, forward_pass.scores, gradient)
        if forward_pass.module is not None and forward_pass.given is not None and not bool(gradient.any()):
            refuse_flat(forward_pass.module, forward_pass.given, name, lambda scores: target_scores(scores, target))
    return dict(zip(layers, gradients, strict=True))


def _why_none(forward_pass: ForwardPass, layer: str) -> str:
    if layer in forward_pass.recomputed:
        return CHECKPOINTING.format(layer)
    return why_no_gradient(forward_pass.module, forward_pass.given, layer)
