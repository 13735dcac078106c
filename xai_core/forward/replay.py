"""The part of a network behind a layer, run again on other activations: what came before answers from memory."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from xai_core.errors import LayerError, ModelError
from xai_core.forward.forward_pass import plain_scores, run_forward
from xai_core.forward.mixing import mixing
from xai_core.models.grid import Grid, from_maps, to_maps
from xai_core.models.isolate import find_layer, isolated
from xai_core.models.layouts import layouts

Replay = Callable[[Tensor], Tensor]


def replayer(module: nn.Module, inputs: Tensor, layer: str) -> Replay:
    """A function from activations (b, c, h, w) of `layer` to scores (b, n_classes), for one picture (1, c, H, W).

    Modules that finished before the layer hand out what they gave in one recorded pass, so only what lies behind it is
    computed. They keep a batch of one where the network's sums broadcast it, else they repeat it (concatenation). The
    function is private to the thread; the network is left as it was. LayerError, ModelError: see `run_forward`.
    """
    memory, scores = _record(module, inputs.clone(), layer)
    layout = layouts(module, inputs.shape, [layer]).get(layer)
    grid = layout if isinstance(layout, Grid) else Grid("maps", 0, 0, 0)  # what has no places is taken as it is
    for repeat in (False, True):
        replay = _replay(module, inputs, layer, memory, grid, repeat)
        if _holds(replay, to_maps(memory[layer], grid), scores):
            return replay
    raise ModelError(
        f"The network does not give the same scores again when it runs on from layer '{layer}'; choose another layer."
    )


def _record(module: nn.Module, inputs: Tensor, layer: str) -> tuple[dict[str, Tensor], Tensor]:
    """{name: output} of `layer` and of the outermost modules that finished before it, and the scores."""
    wanted = find_layer(module, layer)  # it may stand under several names; here it has the one that was asked for
    names = [layer if part is wanted else name for name, part in module.named_modules() if name]
    copy = isolated(module, names)
    memory: dict[str, Tensor] = {}
    runs: Counter[str] = Counter()

    def note(name: str, output: object) -> None:
        runs[name] += 1
        if layer not in memory and isinstance(output, Tensor):
            for inner in [known for known in memory if known.startswith(f"{name}.")]:
                del memory[inner]
            memory[name] = output.clone()  # an operation behind it may work in place

    for name in names:
        copy.get_submodule(name).register_forward_hook(lambda _m, _args, output, name=name: note(name, output))
    with torch.no_grad():
        scores = run_forward(copy, inputs, ()).scores
    if layer not in memory or runs[layer] > 1:
        run_forward(module, inputs, [layer])  # says why
        raise LayerError(f"Layer '{layer}' cannot be replaced; choose another layer.")
    return {name: output for name, output in memory.items() if runs[name] == 1}, scores


def _replay(
    module: nn.Module, inputs: Tensor, layer: str, memory: Mapping[str, Tensor], grid: Grid, repeat: bool
) -> Replay:
    copy = isolated(module, memory)
    given: list[Tensor] = []  # the activations of the run that is going on

    def remembered(name: str) -> Tensor:
        if name == layer:
            whole = memory[name].expand(len(given[-1]), *memory[name].shape[1:])
            return from_maps(given[-1].clone(), whole, grid)
        return memory[name].expand(len(given[-1]) if repeat else 1, *memory[name].shape[1:]).clone()

    for name in memory:
        part = copy.get_submodule(name)
        part.forward = lambda *_args, name=name, **_more: remembered(name)
        part._forward_hooks, part._forward_pre_hooks = OrderedDict(), OrderedDict()  # their work is in the memory

    def replay_batch(activations: Tensor) -> Tensor:
        b = len(activations)
        given.append(activations)
        try:
            # A copy each time, because a network may write into its input.
            copies = inputs.repeat(b, 1, 1, 1) if repeat else inputs.clone().expand(b, -1, -1, -1)
            return plain_scores(copy, copies)
        finally:
            given.clear()

    def replay(activations: Tensor) -> Tensor:
        if len(activations) == 1 or mixing(module, inputs) is None:
            return replay_batch(activations)
        return torch.cat([replay_batch(alone) for alone in activations.split(1)])

    return replay


def _holds(replay: Replay, activations: Tensor, scores: Tensor) -> bool:
    """The untouched activations give the untouched scores, whatever lies in the batch beside them."""
    try:
        again = replay(torch.cat([torch.zeros_like(activations), activations]))
    except (RuntimeError, ModelError):  # batches of one and of two met where they cannot
        return False
    tolerance = torch.finfo(scores.dtype).eps ** 0.5 * scores.abs().max()
    return bool((again[1] - scores[0]).abs().max() <= tolerance)
