"""Where the vectors are taken: at a layer's output, or by default at what the classifier reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from xai_core.errors import LayerError
from xai_core.forward.fold import folded
from xai_core.forward.forward_pass import plain_scores, run_forward
from xai_core.forward.mixing import one_by_one
from xai_core.models.grid import Grid, to_maps
from xai_core.models.isolate import find_layer, isolated
from xai_core.models.layers import layers
from xai_core.models.layouts import Layout, layouts
from xai_core.types import LoadedModel

Embed = Callable[[Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class EmbeddingLayer:
    """name: dotted name of a layer. side: whether its input or its output is taken."""

    name: str
    side: Literal["input", "output"]

    @property
    def title(self) -> str:
        return f"input of {self.name}" if self.side == "input" else self.name


def find_embedding_layer(model: LoadedModel, layer: str | None) -> EmbeddingLayer:
    """The output of `layer`, or for None what the classifier reads. LayerError: there is no such layer."""
    if layer is None:
        return _penultimate(model)
    find_layer(model.module, layer)
    return EmbeddingLayer(layer, "output")


def embedder(model: LoadedModel, embedding_layer: EmbeddingLayer) -> Embed:
    """A function from inputs (n, c, H, W) to vectors (n, d) and scores (n, n_classes), both float32.

    Feature maps, also of tokens, are averaged over all places. The function is private to one thread; the network is
    left as it was.
    LayerError: the layer does not run exactly once, or gives no maps (n, c, h, w) or numbers (n, c).
    """
    embed_together = _embedder_of_batches(model, embedding_layer)

    def embed(inputs: Tensor) -> tuple[Tensor, Tensor]:
        found = [embed_together(images) for images in one_by_one(model.module, inputs)]
        vectors, scores = zip(*found, strict=True)
        return torch.cat(vectors), torch.cat(scores)

    return embed


def _embedder_of_batches(model: LoadedModel, embedding_layer: EmbeddingLayer) -> Embed:
    """The same where a pass takes all inputs at once."""
    formats = [torch.contiguous_format, torch.channels_last]  # the last is a fifth to a quarter faster on a CPU
    twin = folded(model.module, _noise(model))  # and this as much again
    copy = isolated(model.module if embedding_layer.name in twin.changed else twin.module, [embedding_layer.name])
    part = copy.get_submodule(embedding_layer.name)
    shape = (1, len(model.config.mean), *model.config.input_size)
    layout = layouts(model.module, shape, [embedding_layer.name]).get(embedding_layer.name)
    taken: list[object] = []

    def take(values: object, layout: Layout | None) -> None:
        taken.append(_averaged(values, layout))

    if embedding_layer.side == "input":
        part.register_forward_pre_hook(lambda _module, args: take(args[0] if args else None, None))
    else:
        part.register_forward_hook(lambda _module, _args, output: take(output, layout))

    def run(inputs: Tensor) -> Tensor:
        taken.clear()
        try:
            return plain_scores(copy, inputs.contiguous(memory_format=formats[-1])).float()
        except RuntimeError as error:
            if len(formats) == 1 or "view size is not compatible" not in str(error):
                raise
            formats.pop()  # a network that calls `view` on its maps cannot take them so, at any time
            return run(inputs)

    def embed(inputs: Tensor) -> tuple[Tensor, Tensor]:
        scores = run(inputs)
        if len(taken) != 1:
            times = "did not run" if not taken else "runs more than once"
            raise LayerError(
                f"Layer '{embedding_layer.name}' {times} in this network's forward pass; choose another layer."
            )
        if not isinstance(taken[0], Tensor) or len(taken[0]) != len(inputs):
            raise LayerError(
                f"Layer '{embedding_layer.name}' gives {_shown(taken[0])}; maps (n, c, h, w) or numbers (n, c) are "
                "needed, so choose another layer."
            )
        return taken[0], scores

    return embed


def _averaged(values: object, layout: Layout | None) -> object:
    """(n, c) float32 at once, because an operation behind the layer may work in place; anything else as it is."""
    if not isinstance(values, Tensor):
        return values
    placed = to_maps(values.detach(), layout) if isinstance(layout, Grid) else values.detach()
    if isinstance(layout, str) and placed.ndim > 2:
        return (tuple(values.shape),)
    if placed.ndim == 4:
        return placed.float().mean(dim=(2, 3))
    return placed.float().clone() if placed.ndim == 2 else (tuple(values.shape),)


def _shown(taken: object) -> str:
    return str(taken[0]) if isinstance(taken, tuple) and taken and isinstance(taken[0], tuple) else type(taken).__name__


def _penultimate(model: LoadedModel) -> EmbeddingLayer:
    """The input of the layer that gives the scores; without one, the layer that is suggested for class maps."""
    calls, scores = _weighted_sums(model)
    exact = [name for name, output in calls if torch.equal(output.flatten(1), scores)]
    as_wide = [name for name, output in calls if output.shape[1] == scores.shape[1]]
    names = [name for name, _ in calls]
    for name in [*exact[-1:], *as_wide[-1:]]:
        if names.count(name) == 1:
            return EmbeddingLayer(name, "input")
    suggested = next((info.name for info in layers(model) if info.suggested), None)
    if suggested is None:
        raise LayerError("This network has no layer that gives the scores as weighted sums; name the layer to use.")
    return EmbeddingLayer(suggested, "output")


def _weighted_sums(model: LoadedModel) -> tuple[list[tuple[str, Tensor]], Tensor]:
    """Name and output of each call of a linear layer or a 1 x 1 convolution in one pass, and the scores."""
    names = [name for name, part in model.module.named_modules() if name and _is_weighted_sum(part)]
    copy = isolated(model.module, names)
    calls: list[tuple[str, Tensor]] = []
    for name in names:
        copy.get_submodule(name).register_forward_hook(
            lambda _module, _args, output, name=name: calls.append((name, output.detach().clone()))
        )
    with torch.no_grad():
        return calls, run_forward(copy, _noise(model), ()).scores


def _noise(model: LoadedModel) -> Tensor:
    size = (1, len(model.config.mean), *model.config.input_size)
    return torch.randn(size, generator=torch.Generator().manual_seed(0)).to(model.device)


def _is_weighted_sum(part: nn.Module) -> bool:
    return isinstance(part, nn.Linear) or (isinstance(part, nn.Conv2d) and part.kernel_size == (1, 1))
