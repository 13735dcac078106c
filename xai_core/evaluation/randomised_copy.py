"""A network of the same structure that has forgotten what it learned; the original stays untouched."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from xai_core.errors import ModelError
from xai_core.models.isolate import isolated


def stages(module: nn.Module, inputs: Tensor) -> list[tuple[str, ...]]:
    """The names of all modules that hold weights, in the order in which they ran on `inputs`, grouped into stages.

    A stage is a child of the network, or of a sequence in it, or of a child that is most of the network. Normalisations
    go with what ran before them, modules that are read and never called (the last layer of an attention) with whoever
    holds them, and what the network holds by itself, as tokens and positions (named ""), with the lowest stage.
    """
    groups: list[list[str]] = []
    by_itself: list[str] = []
    last = None
    callers = _callers(module, inputs)
    held = Counter(holder for name in callers for holder in _around(name))
    for name, caller in callers.items():
        if not caller:
            by_itself.append(name)
            continue
        stage = _stage(module, caller, held)
        if stage != last and not (groups and _norm(module.get_submodule(name))):
            groups.append([])
            last = stage
        groups[-1].append(name)
    if len(groups) <= 2:
        groups = [[name] for name, caller in callers.items() if caller]
    if by_itself:
        groups = [[*(groups[0] if groups else []), *by_itself], *groups[1:]]
    return [tuple(names) for names in groups]


def randomised_copy(module: nn.Module, names: Sequence[str], seed: int) -> nn.Module:
    """A private copy in which the modules `names` have fresh weights; all other tensors are shared with `module`.

    Weights are drawn as PyTorch's own layers draw them (uniform, variance 1 / (3 fan-in)), tokens and positions by
    their width; biases are 0, normalisations and other scales 1, so that what the layers below still know is scaled,
    not drowned, and no branch is switched off. A name always gets the same weights from one seed, however many others
    are fresh.
    """
    copy = isolated(module, list(names))
    for name in names:
        generator = torch.Generator().manual_seed(_own_seed(name, seed))
        _forget(copy.get_submodule(name), generator)
    return copy


def _own_seed(name: str, seed: int) -> int:
    return (seed * 1_000_003 + sum((i + 1) * ord(c) for i, c in enumerate(name))) % 2**63


def _forget(part: nn.Module, generator: torch.Generator) -> None:
    for key, old in list(part._parameters.items()):
        if old is not None:  # set by name, as a recurrent layer keeps a list of its weights besides
            setattr(part, key, nn.Parameter(_fresh(part, key, old, generator), requires_grad=False))
    for key, value in (("running_mean", 0.0), ("running_var", 1.0)):
        known = part._buffers.get(key)
        if known is not None:
            part._buffers[key] = torch.full_like(known, value)


def _fresh(part: nn.Module, key: str, old: Tensor, generator: torch.Generator) -> Tensor:
    weight = key.endswith("weight")
    if key.endswith("bias") or (_norm(part) and not weight):
        return torch.zeros_like(old)
    if isinstance(part, nn.PReLU):
        return torch.full_like(old, 0.25)  # PyTorch's own; at 1 it would be no activation
    if _norm(part) or old.ndim < 2 or (old[0].numel() == 1 and not weight):
        return torch.ones_like(old)
    embedding = len(old) == 1 and not weight
    bound = 1 / math.sqrt(old.shape[-1] if embedding else old[0].numel())
    drawn = torch.empty(old.shape).uniform_(-bound, bound, generator=generator)
    return drawn.to(old)


def _norm(part: nn.Module) -> bool:
    return "Norm" in type(part).__name__


def _stage(module: nn.Module, name: str, held: Mapping[str, int]) -> str:
    """held: how many of the modules with weights are within each."""
    parts = name.split(".")
    for depth in range(1, len(parts)):
        holder = ".".join(parts[:depth])
        if isinstance(module.get_submodule(holder), nn.Sequential | nn.ModuleList):
            return ".".join(parts[: depth + 1])
        if 2 * held[holder] <= held[""]:
            return holder
    return name


def _callers(module: nn.Module, inputs: Tensor) -> dict[str, str]:
    """Of each module with weights of its own the nearest that was called, it or one around it, in order of the calls.

    A module counts when it was entered: what it holds by itself is read no later than what is in it.
    """
    names = [name for name, part in module.named_modules() if part._parameters]
    if not names:
        raise ModelError("The network holds no weights that could be drawn anew; this check needs a trained network.")
    around = {name: _around(name) for name in names}
    heard = {caller for callers in around.values() for caller in callers}
    copy, entered = isolated(module, heard), dict[str, None]()
    for name in heard:
        copy.get_submodule(name).register_forward_pre_hook(lambda *_, name=name: entered.setdefault(name))
    with torch.inference_mode(False), torch.no_grad():
        copy(inputs)
    callers = {name: next(caller for caller in around[name] if caller in entered) for name in names}
    order = list(entered)
    return dict(sorted(callers.items(), key=lambda item: order.index(item[1])))


def _around(name: str) -> list[str]:
    """A module and all that hold it, from itself to the network, whose name is empty."""
    parts = name.split(".") if name else []
    return [".".join(parts[:depth]) for depth in range(len(parts), -1, -1)]
