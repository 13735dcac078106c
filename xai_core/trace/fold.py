"""A twin of a network for long passes: batch norms folded into the convolutions before them.

In eval mode a batch norm is one scale and one shift a channel, which the convolution before it can apply itself: the
same numbers up to rounding, and one walk over memory less for each.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

TOLERANCE = 1e-4  # of the largest score


@dataclass(frozen=True, eq=False)
class Folded:
    """module: the twin, in eval mode, without gradients for parameters.

    changed: names of the convolutions whose outputs differ from the network's own, as they hold the norm's work too;
    every other layer gives what the network's layer of that name gives.
    """

    module: nn.Module
    changed: frozenset[str] = field(default_factory=frozenset)


def folded(module: nn.Module, sample: Tensor) -> Folded:
    """The twin of a classifier in eval mode, which stays as it is. sample: (n, c, H, W), any picture that it can read.

    A norm is folded where it alone reads the output of one convolution in the pass over `sample`; a twin whose scores
    differ by more than rounding is given up for a plain copy.
    """
    twin = deepcopy(module).requires_grad_(False)
    pairs = _pairs(twin, sample)
    for convolution, norm in pairs:
        layer: Any = twin.get_submodule(norm)
        fused = fuse_conv_bn_eval(twin.get_submodule(convolution), layer)
        twin.set_submodule(norm, _rest(layer))
        twin.set_submodule(convolution, fused.requires_grad_(False))
    with torch.no_grad():
        own, other = module(sample), twin(sample)
    if (own - other).abs().max() <= TOLERANCE * own.abs().max():
        return Folded(twin, frozenset(convolution for convolution, _ in pairs))
    return Folded(deepcopy(module).requires_grad_(False))


def _pairs(twin: nn.Module, sample: Tensor) -> list[tuple[str, str]]:
    """(convolution, norm) where the norm got the very tensor that the convolution gave; each ran once."""
    givers: dict[int, str] = {}
    pairs: list[tuple[str, str]] = []
    ran: list[str] = []
    alive: list[object] = []  # no two tensors may share an id

    def note(name: str, layer: nn.Module, taken: object, given: object) -> None:
        alive.extend((taken, given))
        ran.append(name)
        if isinstance(layer, nn.Conv2d):
            givers[id(given)] = name
        elif id(taken) in givers:
            pairs.append((givers[id(taken)], name))

    hooks = [
        layer.register_forward_hook(lambda layer, args, output, name=name: note(name, layer, args[0], output))
        for name, layer in twin.named_modules()
        if isinstance(layer, nn.Conv2d) or _folds(layer)
    ]
    with torch.no_grad():
        twin(sample)
    for hook in hooks:
        hook.remove()
    return [pair for pair in pairs if all(ran.count(name) == 1 for name in pair)]


def _folds(layer: nn.Module) -> bool:
    """A batch norm with statistics of its own; timm's may carry an activation."""
    return isinstance(layer, nn.BatchNorm2d) and layer.running_mean is not None and _known(layer)


def _known(layer: nn.Module) -> bool:
    return type(layer) is nn.BatchNorm2d or {"drop", "act"} <= set(dict(layer.named_children()))


def _rest(norm: Any) -> nn.Module:
    """What the norm does besides: timm's drop and activation."""
    return nn.Identity() if type(norm) is nn.BatchNorm2d else nn.Sequential(norm.drop, norm.act)
