"""A twin of a network for long passes: batch norms folded into the convolutions before them.

In eval mode a batch norm is one scale and one shift a channel, which the convolution before it can apply itself: the
same numbers up to rounding, and one walk over memory less for each.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from xai_core.models.answer import scores_of
from xai_core.models.isolate import isolated

TOLERANCE = 1e-4  # of the largest score


@dataclass(frozen=True, eq=False)
class Folded:
    """module: the twin, in eval mode; it shares every tensor but the folded convolutions' with the network.

    changed: names of the layers whose output holds a norm's work too; every other layer gives what the network's layer
    of that name gives.
    """

    module: nn.Module
    changed: frozenset[str] = frozenset()


def folded(module: nn.Module, sample: Tensor) -> Folded:
    """The twin of a classifier in eval mode, which stays as it is. sample: (n, c, H, W), any inputs that it can read.

    A norm is folded where it got the very tensor that a convolution gave in the pass over `sample`, and each ran once.
    If the twin's scores then differ by more than rounding (others read the convolution too), nothing is folded.
    """
    pairs, changed = _pairs(module, sample)
    twin = isolated(module, [name for pair in pairs for name in pair])
    for convolution, norm in pairs:
        first: Any = twin.get_submodule(convolution)
        second: Any = twin.get_submodule(norm)
        twin.set_submodule(convolution, fuse_conv_bn_eval(first, second).requires_grad_(False))
        twin.set_submodule(norm, _rest(second).eval())
    with torch.no_grad():
        own, other = (scores_of(network(sample), len(sample)) for network in (module, twin))
    same = (own - other).abs().max() <= TOLERANCE * own.abs().max()
    return Folded(twin, frozenset(changed)) if same else Folded(module)


def _pairs(module: nn.Module, sample: Tensor) -> tuple[list[tuple[str, str]], list[str]]:
    """(convolution, norm) to fold, and the names of all layers whose output is that convolution's."""
    watched = isolated(module, [name for name, _ in module.named_modules()])
    runs: list[tuple[str, nn.Module, object, object]] = []  # kept, so that no two tensors share an id
    for name, part in watched.named_modules():
        part.register_forward_hook(
            lambda layer, args, output, name=name: runs.append((name, layer, args[0] if args else None, output))
        )
    with torch.no_grad():
        watched(sample)
    once = Counter(name for name, *_ in runs)
    givers = {id(output): name for name, layer, _, output in runs if _takes(layer)}
    pairs = [
        (givers[id(taken)], name)
        for name, layer, taken, _ in runs
        if _folds(layer) and id(taken) in givers and once[name] == once[givers[id(taken)]] == 1
    ]
    convolutions = {convolution for convolution, _ in pairs}
    changed = {layer for _, layer, _, output in runs if givers.get(id(output)) in convolutions}
    return pairs, [name for name, part in watched.named_modules(remove_duplicate=False) if part in changed]


def _takes(layer: nn.Module) -> bool:
    """A convolution with a weight of its own: weight norms and pruning compute theirs anew in each pass."""
    return isinstance(layer, nn.Conv2d) and "weight" in layer._parameters


def _folds(layer: nn.Module) -> bool:
    """A batch norm with statistics of its own; timm's may carry an activation."""
    return isinstance(layer, nn.BatchNorm2d) and layer.running_mean is not None and _known(layer)


def _known(layer: nn.Module) -> bool:
    return type(layer) is nn.BatchNorm2d or {"drop", "act"} <= set(dict(layer.named_children()))


def _rest(norm: Any) -> nn.Module:
    """What the norm does besides: timm's drop and activation."""
    return nn.Identity() if type(norm) is nn.BatchNorm2d else nn.Sequential(norm.drop, norm.act)
