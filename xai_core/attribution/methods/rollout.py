"""Attention rollout: how far the tokens that the scores read attend to each place, through all layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from xai_core.attribution.method import INPUT, AttributionRequest, Method, setting
from xai_core.errors import NotApplicable
from xai_core.forward.attention import Attention, attention_pass
from xai_core.forward.target import target_scores
from xai_core.models.grid import Grid, grid_of_tokens
from xai_core.types import ProgressCallback

_NO_ATTENTION = "Attention rollout follows attention between tokens; this network has none."


@dataclass(frozen=True)
class Settings:
    heads: str = setting(
        "mean",
        "Heads",
        options=("mean", "max", "min"),
        help="How the heads of a layer become one. The paper's is mean.",
    )


def rollout(weights: Sequence[Tensor], heads: str = "mean") -> Tensor:
    """Attentions (n, heads, N, N) of all layers, the first one first, to the flow (n, N, N) from output to input.

    Abnar & Zuidema 2020, equations 1 and 2: each layer counts half its attention and half the residual connection.
    """
    flow = torch.eye(weights[0].shape[-1], device=weights[0].device).expand(len(weights[0]), -1, -1)
    for layer in weights:
        fused = layer.mean(1) if heads == "mean" else layer.amax(1) if heads == "max" else layer.amin(1)
        mixed = fused + torch.eye(fused.shape[-1], device=fused.device)
        flow = mixed / mixed.sum(-1, keepdim=True) @ flow
    return flow


def _answer(request: AttributionRequest, settings: Settings, on_progress: ProgressCallback) -> dict[str, Tensor]:
    image_pass, found = attention_pass(request.module, request.inputs)
    target_scores(image_pass.scores, request.target)  # refuses unknown classes
    grid = _grid(found, request.inputs.shape)
    if isinstance(grid, str):
        raise NotApplicable(grid)
    read = _rows_read(image_pass.scores, found[-1])
    flow = rollout([attention.weights.detach().float() for attention in found], settings.heads)
    places = (flow * read[:, :, None]).sum(1) / read.sum(1, keepdim=True)
    maps = places[:, grid.others :].reshape(len(places), 1, grid.height, grid.width)
    on_progress(1, 1)
    return {INPUT: maps.repeat(1, request.target.classes.shape[1], 1, 1)}


def _rows_read(scores: Tensor, last: Attention) -> Tensor:
    """float (n, N): 1 for the tokens of the last layer on which the scores depend: the class token, or all places."""
    weights = torch.randn(scores.shape[1], generator=torch.Generator().manual_seed(0)).to(scores)
    with torch.inference_mode(False), torch.enable_grad():
        (gradient,) = torch.autograd.grad((scores * weights).sum(), [last.read], allow_unused=True)
    if gradient is None or not bool(gradient.count_nonzero()):
        return scores.new_ones(len(scores), last.weights.shape[-1])
    rows = gradient.movedim(last.axis, 0).ne(0)  # (N, n, ...) or (N, n, heads, ...)
    return rows.flatten(2).any(dim=2).T.to(scores)


def _grid(found: Sequence[Attention], input_shape: Sequence[int]) -> Grid | str:
    """The grid of the tokens, or why there is no rollout."""
    if not found:
        return _NO_ATTENTION
    shapes = {tuple(attention.weights.shape) for attention in found}
    sizes = {(shape[0], *shape[2:]) for shape in shapes}
    n, queries, keys = next(iter(sizes))
    if len(sizes) > 1 or queries != keys or n != input_shape[0]:
        return (
            "Attention rollout needs the same tokens in every layer; here attention works in windows or on several "
            "grids. Grad-CAM and LayerCAM apply."
        )
    grid = grid_of_tokens(keys, input_shape[2:])
    return grid or f"Attention rollout needs tokens that stand for places; these {keys} form no grid."


def _reason_not(module: nn.Module, input_shape: tuple[int, ...]) -> str | None:
    matrices = sum(parameter.ndim == 2 for parameter in module.parameters())
    if matrices < 3:  # attention has at least two beside the head: most convolutional networks need no pass here
        return _NO_ATTENTION
    first = next(module.parameters())
    noise = torch.randn(input_shape, generator=torch.Generator().manual_seed(0)).to(first.device, first.dtype)
    found = _grid(attention_pass(module, noise)[1], input_shape)
    return found if isinstance(found, str) else None


METHOD = Method(
    key="rollout",
    title="Attention rollout",
    paper="Abnar & Zuidema, Quantifying Attention Flow in Transformers, ACL 2020",
    about="How attention, followed through all layers, ties what the network reads at its end to each place.",
    reading="The stronger the colour of a place, the more attention the network's end pays to it, through all layers. "
    "It is the same for all classes: no evidence for or against one. The map has {rows} × {columns} cells.",
    answer=_answer,
    target="pixel",
    settings=Settings,
    reason_not=_reason_not,
    class_sensitive=False,
    caveat="Attention is not evidence: the map is the same for all classes, and says where tokens look, not why.",
)
