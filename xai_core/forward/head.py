"""The head that CAM needs, scores that are weighted sums of channel averages: found by evidence, not by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from xai_core.forward.forward_pass import ForwardPass, run_forward
from xai_core.models.grid import Grid, to_maps
from xai_core.models.isolate import isolated
from xai_core.models.layouts import layouts

# They neither mix channels nor weigh them, so they may stand between the feature maps and the classifier.
_NEUTRAL = ("AvgPool", "Dropout", "Identity", "Flatten", "DropPath", "StochasticDepth")


@dataclass(frozen=True, eq=False)
class Head:
    """scores = weight @ (mean of the features over all places) + bias.

    layers: the layers that give the features, in the order in which they return: the last is the outermost.
    relu: the network applies a ReLU behind the layer, before the average (DenseNet); the features are its result.
    weight: (n_classes, c), or None where each class has a channel of its own already (SqueezeNet).
    bias: (n_classes,). classifier: the layer that holds them, None without weight.
    """

    layers: tuple[str, ...]
    relu: bool
    weight: Tensor | None
    bias: Tensor
    classifier: str | None


def head_at(module: nn.Module, image_pass: ForwardPass, layer: str) -> Head | None:
    """The head that reads this layer of a pass, None where the scores do not follow from its channel averages.

    Numbers decide: some linear layer or 1 x 1 convolution must turn the averages into the very scores of the pass.
    """
    activations, scores = image_pass.activations[layer].detach(), image_pass.scores.detach()
    if activations.ndim != 4 or activations[0, 0].numel() == 1:
        return None
    candidates = list(_classifiers(module, scores, activations.shape[1]))
    for relu, means in enumerate(_means(activations)):
        for name, weight, bias in candidates:
            predicted = means if weight is None else means @ weight.float().T
            if _agree(predicted, scores.float() - bias.float(), scores.dtype):
                return Head((layer,), bool(relu), weight, bias, name)
    return None


def find_head(module: nn.Module, input_shape: Sequence[int]) -> Head | str:
    """The head of a network with inputs (n, c, H, W), or the reason why CAM has no meaning for it, as one sentence.

    Runs the network once, on noise that is always the same: a linear layer must give the scores and take the channel
    averages of a layer. The network is left as it was.
    """
    calls, scores = _run(module, input_shape)
    runs = Counter(call.name for call in calls)
    for relu in (False, True):
        for name, weight, bias, taken in _readers(calls, scores):
            layers = tuple(
                call.name
                for call in calls
                if call.means and runs[call.name] == 1 and _agree(call.means[relu], taken, scores.dtype)
            )
            if layers:
                return Head(layers, relu, weight, bias, name)
    return _why_not(calls, scores.shape[1])


@dataclass(frozen=True, eq=False)
class _Call:
    """One call of a module: its output's shape; of feature maps the means, of a linear layer what came in and out."""

    name: str
    part: nn.Module
    shape: tuple[int, ...]
    means: tuple[Tensor, Tensor] | None
    linear: tuple[Tensor, Tensor] | None


def _run(module: nn.Module, input_shape: Sequence[int]) -> tuple[list[_Call], Tensor]:
    """Every call of a submodule in the order of return, and the scores (1, n_classes)."""
    names = [name for name, _ in module.named_modules() if name]
    copy = isolated(module, names)
    known = layouts(module, input_shape, names)
    calls: list[_Call] = []

    def note(name: str, part: nn.Module, args: tuple[object, ...], output: object) -> None:
        if not isinstance(output, Tensor) or output.ndim < 2:
            return
        layout = known.get(name)
        placed = to_maps(output, layout) if isinstance(layout, Grid) else output
        maps = placed.ndim == 4 and placed[0, 0].numel() > 1  # numbers decide which of them a head reads
        calls.append(
            _Call(name, part, tuple(placed.shape), _means(placed) if maps else None, _linear(part, args, output))
        )

    for name in names:
        copy.get_submodule(name).register_forward_hook(lambda m, args, output, name=name: note(name, m, args, output))
    first = next(module.parameters(), torch.empty(0))
    noise = torch.randn(1, *input_shape[1:], generator=torch.Generator().manual_seed(0))
    return calls, run_forward(copy, noise.to(first.device, first.dtype), ()).scores.detach()


def _readers(calls: Sequence[_Call], scores: Tensor) -> Iterator[tuple[str | None, Tensor | None, Tensor, Tensor]]:
    """Each layer that gave the scores: name, weight, bias and what it took, (1, c); last the scores themselves."""
    for call in calls:
        if call.linear is None or not torch.equal(_as_scores(call.linear[1], scores, 1), scores):
            continue
        weight = _weight(call.part)
        if weight is not None:
            taken = call.linear[0].float()
            yield call.name, _as_scores(weight, scores, 0), _bias(call.part, scores), taken
    yield None, None, torch.zeros_like(scores[0]), scores.float()


def _classifiers(
    module: nn.Module, scores: Tensor, channels: int
) -> Iterator[tuple[str | None, Tensor | None, Tensor]]:
    """Everything of the right size that may turn channel averages into scores: name, weight, bias."""
    for name, part in module.named_modules():
        weight = _weight(part)
        rows = None if weight is None else _as_scores(weight, scores, 0)
        if rows is not None and rows.shape == (scores.shape[1], channels):
            yield name, rows, _bias(part, scores)
    yield None, None, torch.zeros_like(scores[0])


def _weight(part: nn.Module) -> Tensor | None:
    """The matrix (outputs, inputs) of a linear layer or a 1 x 1 convolution."""
    if isinstance(part, nn.Linear):
        return part.weight.detach()
    if isinstance(part, nn.Conv2d) and part.kernel_size == (1, 1) and part.groups == 1:
        return part.weight.detach().flatten(1)
    return None


def _as_scores(values: Tensor, scores: Tensor, axis: int) -> Tensor:
    """One output of a layer for each score (n, n_classes): a single one may have become two, against and for."""
    doubled = scores.shape[1] == 2 and values.shape[axis] == 1
    return torch.cat([-values, values], dim=axis) if doubled else values


def _bias(part: nn.Module, scores: Tensor) -> Tensor:
    bias = part.bias
    return _as_scores(bias.detach(), scores, 0) if isinstance(bias, Tensor) else torch.zeros_like(scores[0])


def _linear(part: nn.Module, args: tuple[object, ...], output: Tensor) -> tuple[Tensor, Tensor] | None:
    """What came in and out, (1, c) and (1, outputs), of a layer that gives each output one weighted sum."""
    weight = _weight(part)
    if weight is None or not args or not isinstance(args[0], Tensor):
        return None
    taken = args[0].detach().flatten(1)
    return (taken, output.flatten(1)) if taken.shape[1] == weight.shape[1] else None


def _means(activations: Tensor) -> tuple[Tensor, Tensor]:
    """Averages over all places (n, c) float32, before and after a ReLU."""
    values = activations.detach().float()
    return values.mean(dim=(2, 3)), values.clamp(min=0).mean(dim=(2, 3))


def _agree(found: Tensor, wanted: Tensor, dtype: torch.dtype) -> bool:
    """Equal up to the rounding of `dtype`, float32 at best, in relation to `wanted`'s size; zeros are no evidence."""
    if found.shape != wanted.shape:
        return False
    scale = wanted.abs().max()
    rounding = max(torch.finfo(dtype).eps, torch.finfo(torch.float32).eps) ** 0.5
    return bool(scale > 0) and bool((found - wanted).abs().max() <= rounding * scale)


def _why_not(calls: Sequence[_Call], classes: int) -> str:
    need = "CAM needs scores that are weighted sums of channel averages"
    last = _last_maps(calls)
    if last is None:
        return f"{need}; this network gives no feature maps larger than 1 × 1."
    height, width = calls[last].shape[2:]
    maps = f"the {height} × {width} places of '{calls[last].name}'"
    after = [call for call in calls[last + 1 :] if _does_something(call.part)]
    for call in after:
        if call.linear is not None and call.linear[0].shape[1] == calls[last].shape[1] * height * width:
            return f"{need}; here '{call.name}' takes {maps} as separate inputs and mixes them."
    between = [call for call in after if call.linear is None or call.shape[1] != classes]
    if between:
        named = [f"'{call.name}' ({type(call.part).__name__})" for call in between]
        shown = named if len(named) < 3 else [", ".join(named[:2]), f"{len(named) - 2} more"]
        return f"{need}; here {' and '.join(shown)} stand{'s' * (len(named) == 1)} between {maps} and the scores."
    return f"{need}; here {maps} reach the scores by another way than a plain average."


def _last_maps(calls: Sequence[_Call]) -> int | None:
    """The last call that gave feature maps: like the last convolution or batch norm in channels or in grid.

    Attention gives tensors of four axes that are none.
    """
    maps = [i for i, call in enumerate(calls) if call.means]
    sure = [calls[i].shape for i in maps if isinstance(calls[i].part, nn.Conv2d | nn.BatchNorm2d)]
    if not sure:
        return max(maps, default=None)
    return max(i for i in maps if calls[i].shape[1] == sure[-1][1] or calls[i].shape[2:] == sure[-1][2:])


def _does_something(part: nn.Module) -> bool:
    """It computes something by itself that CAM cannot look through."""
    return next(part.children(), None) is None and not any(word in type(part).__name__ for word in _NEUTRAL)
