"""Catching layers' outputs in a pass: kept for the gradient, handed on so that nothing behind rewrites them.

Three things can go wrong with a plain hook. An in-place operation behind the layer rewrites what was kept: so the pass
goes on with a clone. The layer itself works in place on a tensor that somebody else reads again (`y = relu_(x)`, then
`x + f(y)`): so that very tensor must stand on the graph. And both together: then the pass is made again, carefully,
with the kept values written back through the graph and a copy of whatever the backward pass needs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from xai_core.errors import LayerError
from xai_core.models.grid import Grid, from_maps, to_maps


class Rewritten(Exception):  # a sign for one caller, no error of anybody's
    """Something in the pass writes over what was kept: it must be made again, carefully."""


@dataclass(eq=False)
class Captured:
    """kept: {layer: its activations, on the graph}, tokens as maps. recomputed: those in gradient checkpointing."""

    kept: dict[str, Tensor] = field(default_factory=dict)
    recomputed: set[str] = field(default_factory=set)


@dataclass(frozen=True, eq=False)
class _Output:
    """What a layer gave. shared: it lies in the memory of a tensor that the layer got. written: changed there."""

    values: Tensor
    shared: bool
    written: bool


@contextmanager
def catch(
    copy: nn.Module, layers: Sequence[str], grids: Mapping[str, Grid], given: Tensor, careful: bool
) -> Iterator[Captured]:
    """Within the block one pass of a private copy over `given` is caught at `layers`.

    grids: of layers that do not lie as (n, c, h, w). LayerError: a layer runs twice or gives no tensor of floats.
    Rewritten, on leaving or before: only with `careful` is the result right.
    """
    captured = Captured()
    versions: dict[str, int] = {}
    before: dict[str, list[tuple[Tensor, int]]] = {}
    own = {id(t) for t in (*copy.parameters(), *copy.buffers(), given)}

    def enter(name: str, args: object, named: object) -> None:
        before[name] = [(t, t._version) for t in tree_leaves((args, named)) if _counts(t)]

    def leave(name: str, output: object) -> Tensor:
        _refuse_output(name, output, captured)
        assert isinstance(output, Tensor)
        if _in_checkpoint():
            captured.recomputed.add(name)
        torch.set_grad_enabled(True)
        found = _Output(output, *_of_inputs(output, before.pop(name, [])))
        if careful:
            kept, handed = _careful(name, found, grids.get(name), id(output) in own)
        else:
            kept, handed = _quick(found, grids.get(name), id(output) in own)
        captured.kept[name], versions[name] = kept, kept._version
        return handed

    for name in layers:
        part = copy.get_submodule(name)
        part.register_forward_pre_hook(lambda _m, args, named, name=name: enter(name, args, named), with_kwargs=True)
        part.register_forward_hook(lambda _m, _args, output, name=name: leave(name, output))
    with ExitStack() as stack:
        if careful and layers:
            stack.enter_context(torch.autograd.graph.saved_tensors_hooks(Tensor.clone, lambda saved: saved))
        try:
            yield captured
        except RuntimeError as error:
            if careful or "is being used in an in-place operation" not in str(error):
                raise
            raise Rewritten from error
    if not careful and any(captured.kept[name]._version != version for name, version in versions.items()):
        raise Rewritten


def _quick(output: _Output, grid: Grid | None, foreign: bool) -> tuple[Tensor, Tensor]:
    """What to keep and what to hand on. foreign: the output is one of the caller's own tensors."""
    values, aside = output.values, output.shared and not output.written
    if output.written and (foreign or (grid is not None and grid.kind != "maps")):
        raise Rewritten  # it can be put on the graph only by writing it back
    if grid is not None and grid.kind != "maps":
        # A layer that no earlier wanted layer feeds starts a graph of its own.
        on_graph = values if values.requires_grad else values.detach()
        maps = to_maps(on_graph, grid)
        kept = maps if maps.requires_grad else maps.detach().requires_grad_()
        return kept, from_maps(kept.clone(), on_graph, grid)
    if values.requires_grad:
        kept = values.view_as(values) if aside else values
    else:
        # Whoever else holds the very tensor (`self.skip = y; return y`) must meet the graph, too.
        kept = values.detach().requires_grad_() if aside or foreign else values.requires_grad_()
    return kept, values if output.written else kept.clone()


def _careful(name: str, output: _Output, grid: Grid | None, foreign: bool) -> tuple[Tensor, Tensor]:
    values = output.values
    start = values.clone() if values.requires_grad else values.detach().clone()
    placed = start if grid is None else to_maps(start, grid)
    kept = placed if placed.requires_grad else placed.detach().requires_grad_()
    handed = kept.clone() if grid is None else from_maps(kept.clone(), start, grid)
    if (output.shared and not output.written) or (foreign and not output.written):
        return kept, handed
    try:
        values.copy_(handed)
    except RuntimeError as error:
        raise LayerError(
            f"Layer '{name}' works in place on a part of a tensor that is read again, so its map cannot be told from "
            "the rest; choose the layer before it, or build the network with inplace=False."
        ) from error
    return kept, values


def _refuse_output(name: str, output: object, captured: Captured) -> None:
    if name in captured.kept:
        if name in captured.recomputed or _in_checkpoint():
            raise LayerError(CHECKPOINTING.format(name))
        raise LayerError(
            f"Layer '{name}' runs more than once in a pass, so its map would be ambiguous; choose the block around it."
        )
    if not isinstance(output, Tensor):
        raise LayerError(f"Layer '{name}' gives a {type(output).__name__}, not a tensor; choose a layer inside it.")
    if not output.is_floating_point():
        kind = str(output.dtype).removeprefix("torch.")
        raise LayerError(
            f"Layer '{name}' gives whole numbers ({kind}), of which there is no gradient; take the network as it was "
            "before it was quantised."
        )


CHECKPOINTING = (
    "Layer '{}' runs inside gradient checkpointing, which throws its activations away and computes them again; switch "
    "it off first (model.gradient_checkpointing_disable() or model.set_grad_checkpointing(False))."
)


def _in_checkpoint() -> bool:
    """Whether torch.utils.checkpoint is among the callers."""
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_globals.get("__name__") == "torch.utils.checkpoint":
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False


def _counts(thing: object) -> bool:
    """A tensor that counts how often it was written; those of inference mode do not."""
    return isinstance(thing, Tensor) and not thing.is_inference()


def _of_inputs(output: Tensor, before: Iterable[tuple[Tensor, int]]) -> tuple[bool, bool]:
    """Whether the output lies in the memory of an input, and whether the layer wrote there."""
    if output.is_sparse or output.is_quantized:
        return False, False
    storage = output.untyped_storage()._cdata
    same = [(t, version) for t, version in before if t.untyped_storage()._cdata == storage]
    return bool(same), any(t._version != version for t, version in same)
