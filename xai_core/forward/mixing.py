"""Whether the pictures of a batch change each other's answers: one must get alone what it gets beside another."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from xai_core.errors import ModelError
from xai_core.models.answer import scores_of
from xai_core.models.isolate import structure_copy
from xai_core.models.structure import structure_key

# Of the difference between two pictures' scores. What rounding may explain in single precision is looked at in double.
_QUICK, _SURE, _ROUGH = 1e-3, 1e-6, 1e-2
_SECOND = 3.0  # the size of the other picture's noise
_UNSTEADY = (
    "The network answers the same picture differently from pass to pass, because it draws random numbers or remembers "
    "earlier pictures; give one picture at a time, by a method that takes one pass."
)
_MIXED = (
    "Pictures of one batch change each other's answers, because the network computes across the axis of the pictures "
    "(a mean, a softmax, an attention) or by their number; give one picture at a time."
)

_FOUND: WeakKeyDictionary[nn.Module, dict[tuple[object, ...], str | None]] = WeakKeyDictionary()
_BY_STRUCTURE: OrderedDict[tuple[object, ...], str | None] = OrderedDict()  # for copies with other weights
_MOST_STRUCTURES = 256


def mixing(module: nn.Module, inputs: Tensor) -> str | None:
    """Why pictures cannot share a pass, one sentence; None where they can. inputs: (n, c, H, W), for their size alone.

    From passes over five noise pictures, once for each structure and size, on copies without the forward hooks, which
    are the caller's. ModelError: the network answers even one picture differently from pass to pass.
    """
    key = (tuple(inputs.shape[1:]), tuple(map(id, module.modules())))
    kept = _FOUND.setdefault(module, {})
    if key not in kept:
        kept[key] = _of_structure(module, inputs)
    if kept[key] == _UNSTEADY:
        raise ModelError(_UNSTEADY)
    return kept[key]


def refuse_mixing(module: nn.Module, inputs: Tensor) -> None:
    """ModelError in one sentence where the pictures (n, c, H, W) would change each other's answers."""
    reason = mixing(module, inputs) if len(inputs) > 1 else None
    if reason is not None:
        raise ModelError(reason)


def one_by_one(module: nn.Module, images: Tensor) -> Sequence[Tensor]:
    """The pictures (n, c, H, W) as they may go into passes: all at once, or each alone where they would mix."""
    return images.split(1) if len(images) > 1 and mixing(module, images) is not None else (images,)


def _of_structure(module: nn.Module, inputs: Tensor) -> str | None:
    structure = structure_key(module)
    if structure is None:
        return _examined(module, inputs)
    key = (structure, tuple(inputs.shape[1:]))
    if key not in _BY_STRUCTURE:
        _BY_STRUCTURE[key] = _examined(module, inputs)
        while len(_BY_STRUCTURE) > _MOST_STRUCTURES:
            _BY_STRUCTURE.popitem(last=False)
    return _BY_STRUCTURE[key]


def _examined(module: nn.Module, inputs: Tensor) -> str | None:
    norms = ((name, part) for name, part in module.named_modules() if isinstance(part, _BatchNorm))
    batched = next((name for name, norm in norms if norm.running_mean is None), None)
    if batched is not None:
        return (
            f"Layer '{batched}' takes its statistics from the batch (track_running_stats=False), so pictures change "
            "each other's answers; give one picture at a time."
        )
    try:
        told = _told(module, inputs, inputs.dtype, _QUICK)
    except Exception:  # what a network refuses is said by the pass that is wanted, in its own words
        return None
    if told is None or inputs.dtype == torch.float64:
        return told
    try:
        return _told(module, inputs, torch.float64, _SURE)
    except Exception:  # parts of it compute in single precision whatever they are given
        return _told(module, inputs, inputs.dtype, _ROUGH)


def _told(module: nn.Module, inputs: Tensor, kind: torch.dtype, tolerance: float) -> str | None:
    """What the scores say of one picture beside another, of it again, and of it in a network that saw no other."""
    seed = torch.Generator().manual_seed(0)
    one, other = torch.randn(2, *inputs.shape[1:], generator=seed).to(inputs.device, kind).split(1)
    used, fresh = _copy(module, kind), _copy(module, kind)
    both = _scores(used, torch.cat([_SECOND * other + 1, one]))
    again, alone = _scores(used, one)[0], _scores(fresh, one)[0]
    apart = (both[0] - alone).abs().max()
    if not bool(torch.isfinite(both).all() and torch.isfinite(alone).all()):
        return None  # which the map's own pass refuses

    def same(scores: Tensor) -> bool:
        rounding = 8 * torch.finfo(kind).eps * alone.abs().max()
        return bool((scores - alone).abs().max() <= max(tolerance * apart, rounding))

    if not same(again):
        return _UNSTEADY
    return None if same(both[1]) else _MIXED


def _scores(copy: nn.Module, images: Tensor) -> Tensor:
    with torch.inference_mode(False), torch.no_grad():
        return scores_of(copy(images.clone()), len(images))  # it may write into its input


def _copy(module: nn.Module, kind: torch.dtype) -> nn.Module:
    """Private, so that what the pass writes stays in it; weights that are all zero are none, else nothing passes."""

    def own(tensor: Tensor) -> Tensor:
        return tensor.detach().clone().to(kind if tensor.is_floating_point() else tensor.dtype)

    memo: dict[int, object] = {id(p): nn.Parameter(_awake(p.detach(), kind), False) for p in module.parameters()}
    copy = structure_copy(module, memo, own)
    for part in copy.modules():
        part._forward_hooks = OrderedDict()
    return copy


def _awake(weights: Tensor, kind: torch.dtype) -> Tensor:
    if not weights.is_floating_point():
        return weights
    if not bool(weights.any()):
        seed = torch.Generator().manual_seed(weights.numel())
        weights = 0.02 * torch.randn(weights.shape, generator=seed).to(weights.device)
    return weights.to(kind)
