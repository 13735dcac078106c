"""Which layers of a network make sense for a class map: found by running it once, not by knowing its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import nn

from xai_core.models.grid import Grid
from xai_core.models.influence import influential
from xai_core.models.layouts import calls as calls_of
from xai_core.models.layouts import layouts
from xai_core.types import LayerInfo, LoadedModel

# They only rearrange, thin out or average what the layer before them found.
_PASSIVE = ("Pool", "Dropout", "Identity", "Flatten", "DropPath", "Permute")


@dataclass(frozen=True)
class _Call:
    """A call of a module during the pass whose output has places: order counts the returns.

    shape: (1, c, h, w), also of tokens. rearranges: it made nothing new.
    """

    order: int
    name: str
    output: int
    grid: Grid
    rearranges: bool

    @property
    def shape(self) -> tuple[int, ...]:
        return (1, self.grid.channels, self.grid.height, self.grid.width)

    @property
    def tokens(self) -> bool:
        return self.grid.kind == "tokens"


def layers(model: LoadedModel) -> tuple[LayerInfo, ...]:
    """All layers with feature maps larger than 1 x 1, in the order in which they finish.

    Layers that run more than once in a pass (a shared ReLU) are left out: a class map there would be ambiguous.
    Of layers with one and the same output, the short list holds the outermost that is no container of other stages.
    """
    calls = _record(model)
    kinds = dict(model.module.named_modules())
    active = [group for group in _groups(calls) if not (group[0].rearranges or _passive(kinds[group[0].name]))]
    chosen = _collapse([_representative(group, calls) for group in active], kinds)
    chosen = [call for call in chosen if not _branch(call, kinds[call.name])] or chosen
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
    """What each module gives back in a pass, of those that run once and keep the picture's places."""
    shape = (1, len(model.config.mean), *model.config.input_size)
    kinds = dict(model.module.named_modules())
    seen = calls_of(model.module, shape)
    found = layouts(model.module, shape, [call.name for call in seen])
    placed = []
    for order, call in enumerate(seen):
        grid = found.get(call.name)
        kept = call.handed_on and (
            call.rearranges or _passive(kinds[call.name])
        )  # a dropout in eval mode makes nothing
        if isinstance(grid, Grid) and grid.height * grid.width > 1 and not kept:
            placed.append(_Call(order, call.name, call.output, grid, call.rearranges))
    return placed


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
    the last layer that has a map, as pytorch-grad-cam advises too. The block itself may be none, as it gives a tuple.
    """
    shape = (1, len(model.config.mean), *model.config.input_size)
    alive = influential(model.module, shape, {call.name: call.grid for call in calls})
    kept = [call for call in chosen if call.name in alive]
    lost = (
        next((call for call in chosen if call.name not in alive and call.order > kept[-1].order), None)
        if kept
        else None
    )
    if lost is None:
        return kept or chosen
    between = [c for c in calls if kept[-1].order < c.order < lost.order]
    inside = [c for c in between if c.name in alive and c.shape == lost.shape]
    norms = [c for c in inside if "Norm" in type(dict(model.module.named_modules())[c.name]).__name__]
    return [*kept, *norms[-1:]]


def _branch(call: _Call, module: nn.Module) -> bool:
    """A part of a transformer's block beside its stream: queries, attention, an activation; norms read the stream."""
    kind = type(module).__name__
    beside = next(module.children(), None) is None or any(word in kind for word in ("Att", "Mlp", "MLP"))
    return call.grid.kind != "maps" and beside and "Norm" not in kind


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
