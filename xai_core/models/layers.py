"""Which layers of a network make sense for a class map: found by running it once, not by knowing its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn

from xai_core.models.grid import grid_of
from xai_core.models.influence import influential
from xai_core.models.isolate import isolated
from xai_core.types import LayerInfo, LoadedModel

# They only rearrange, thin out or average what the layer before them found.
_PASSIVE = ("Pool", "Dropout", "Identity", "Flatten", "DropPath", "Permute")


@dataclass(frozen=True)
class _Call:
    """One call of a module during the pass: order counts the returns. shape: (n, c, h, w), also of tokens."""

    order: int
    name: str
    output: int
    shape: tuple[int, ...]
    tokens: bool


def layers(model: LoadedModel) -> tuple[LayerInfo, ...]:
    """All layers with feature maps larger than 1 x 1, in the order in which they finish.

    Layers that run more than once in a pass (a shared ReLU) are left out: a class map there would be ambiguous.
    Of layers with one and the same output, the short list holds the outermost that is no container of other stages.
    """
    calls = _record(model)
    kinds = dict(model.module.named_modules())
    active = [group for group in _groups(calls) if not _passive(kinds[group[0].name])]
    chosen = _collapse([_representative(group, calls) for group in active], kinds)
    if any(call.tokens for call in chosen):
        chosen = _reaching(model, chosen, calls)
    ends = _stage_ends(chosen)
    known = {call.name for call in chosen}
    default = model.config.default_layer
    suggested = default if default in {c.name for c in calls} else (chosen[-1].name if chosen else None)
    return tuple(
        LayerInfo(
            name=call.name,
            kind=type(kinds[call.name]).__name__,
            channels=call.shape[1],
            grid=(call.shape[2], call.shape[3]),
            main=call.name in known or call.name == suggested,
            stage_end=call.name in ends,
            suggested=call.name == suggested,
            convolution=isinstance(kinds[call.name], nn.Conv2d),
        )
        for call in calls
        if call.name in known or call.name == suggested or isinstance(kinds[call.name], nn.Conv2d)
    )


def _record(model: LoadedModel) -> list[_Call]:
    """Run once on a grey picture and note what each module gives back."""
    names = [name for name, _ in model.module.named_modules() if name]
    copy = isolated(model.module, names)
    seen: list[_Call] = []
    kept: list[torch.Tensor] = []  # holds outputs alive, so that an id is not used twice

    def note(name: str, module: nn.Module, inputs: tuple[object, ...], output: object) -> None:
        handed_on = _passive(module) and inputs and inputs[0] is output  # a dropout in eval mode makes nothing
        grid = grid_of(output.shape, model.config.input_size) if isinstance(output, torch.Tensor) else None
        if grid is not None and not handed_on:
            kept.append(output)  # type: ignore[arg-type]  # what has a grid is a tensor
            shape = (1, grid.channels, grid.height, grid.width)
            seen.append(_Call(len(seen), name, id(output), shape, grid.kind == "tokens"))

    for name in names:
        copy.get_submodule(name).register_forward_hook(lambda m, i, output, name=name: note(name, m, i, output))
    channels = len(model.config.mean)
    with torch.no_grad():
        copy(torch.zeros(1, channels, *model.config.input_size, device=model.device))
    counts: dict[str, int] = {}
    for call in seen:
        counts[call.name] = counts.get(call.name, 0) + 1
    return [c for c in seen if counts[c.name] == 1 and c.shape[2] * c.shape[3] > 1]


def _groups(calls: list[_Call]) -> list[list[_Call]]:
    """Calls that returned one and the same tensor, innermost first, in forward order."""
    by_output: dict[int, list[_Call]] = {}
    for call in calls:
        by_output.setdefault(call.output, []).append(call)
    return sorted(by_output.values(), key=lambda group: group[0].order)


def _representative(group: list[_Call], calls: list[_Call]) -> _Call:
    """The outermost name of a group that is one stage, not a container of several; of tokens the block itself."""
    if group[0].tokens:
        return group[0]

    def one_stage(call: _Call) -> bool:
        inside = [c for c in calls if c.name.startswith(call.name + ".")]
        return all(c.shape[2] <= 2 * call.shape[2] + 1 for c in inside)

    return next((call for call in reversed(group) if one_stage(call)), group[0])


def _reaching(model: LoadedModel, chosen: list[_Call], calls: list[_Call]) -> list[_Call]:
    """Without the layers whose places no longer reach the scores, but with the last one that does, inside a block.

    A network that reads its class token forgets the other tokens in its last block: there its first normalisation is
    the last layer that has a map, as pytorch-grad-cam advises too.
    """
    shape = (1, len(model.config.mean), *model.config.input_size)
    alive = influential(model.module, shape, [call.name for call in calls])
    kept = [call for call in chosen if call.name in alive]
    lost = (
        next((call for call in chosen if call.name not in alive and call.order > kept[-1].order), None)
        if kept
        else None
    )
    if lost is None:
        return kept or chosen
    inside = [c for c in calls if c.name.startswith(lost.name + ".") and c.name in alive and c.shape == lost.shape]
    return [*kept, *inside[-1:]]


def _passive(module: nn.Module) -> bool:
    return any(word in type(module).__name__ for word in _PASSIVE)


def _collapse(chosen: list[_Call], kinds: Mapping[str, nn.Module]) -> list[_Call]:
    """Drop what lies inside a chosen block, and all but the last of a conv-norm-activation chain."""
    names = [c.name for c in chosen]
    outer = [c for c in chosen if not any(c.name.startswith(n + ".") for n in names)]
    return [
        call
        for call, after in zip(outer, [*outer, None][1:], strict=True)
        if after is None or call.shape != after.shape or not _leaf(kinds[call.name]) or not _leaf(kinds[after.name])
    ]


def _leaf(module: nn.Module) -> bool:
    return next(module.children(), None) is None or isinstance(module, nn.BatchNorm2d)


def _stage_ends(chosen: list[_Call]) -> set[str]:
    """The last layer of the short list for each grid size, and where a row of blocks keeps its tokens, four of them."""
    ends = {call.shape[2:]: call.name for call in chosen}
    for grid in ends:
        blocks = [call.name for call in chosen if call.tokens and call.shape[2:] == grid]
        if len(blocks) >= 8:
            return {*ends.values(), *(blocks[len(blocks) * quarter // 4 - 1] for quarter in (1, 2, 3))}
    return set(ends.values())
