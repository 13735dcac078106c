"""A network of the same structure that has forgotten what it learned; the original stays untouched."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from xai_core.errors import ModelError
from xai_core.models.isolate import isolated


def stages(module: nn.Module, inputs: Tensor) -> list[tuple[str, ...]]:
    """The names of all modules that hold weights, in the order in which they ran on `inputs`, grouped into stages.

    A stage is a child of the network, or of a sequence in it. Normalisations go with what ran before them.
    """
    ran = _in_running_order(module, inputs)
    groups: dict[str, list[str]] = {}
    last = None
    for name in ran:
        stage = _stage(module, name)
        if last is not None and stage not in groups and _norm(module.get_submodule(name)):
            stage = last
        groups.setdefault(stage, []).append(name)
        last = stage
    return [tuple(names) for names in groups.values()] if len(groups) > 2 else [(name,) for name in ran]


def random_twin(module: nn.Module, names: Sequence[str], seed: int) -> nn.Module:
    """A private copy in which the modules `names` have fresh weights; all other tensors are shared with `module`.

    Weights are drawn as PyTorch's own layers draw them (uniform, variance 1 / (3 fan-in)); biases are 0 and
    normalisations neutral, so that what the layers below still know is scaled, not drowned. A name always gets the same
    weights from one seed, however many others are fresh.
    """
    twin = isolated(module, list(names))
    for name in names:
        generator = torch.Generator().manual_seed(_own_seed(name, seed))
        _forget(twin.get_submodule(name), generator)
    return twin


def _own_seed(name: str, seed: int) -> int:
    return (seed * 1_000_003 + sum((i + 1) * ord(c) for i, c in enumerate(name))) % 2**63


def _forget(part: nn.Module, generator: torch.Generator) -> None:
    for key, old in part._parameters.items():
        if old is not None:
            part._parameters[key] = nn.Parameter(_fresh(part, key, old, generator), requires_grad=False)
    for key, value in (("running_mean", 0.0), ("running_var", 1.0)):
        known = part._buffers.get(key)
        if known is not None:
            part._buffers[key] = torch.full_like(known, value)


def _fresh(part: nn.Module, key: str, old: Tensor, generator: torch.Generator) -> Tensor:
    if old.ndim < 2:
        return torch.ones_like(old) if _norm(part) and key == "weight" else torch.zeros_like(old)
    bound = 1 / math.sqrt(old[0].numel())
    drawn = torch.empty(old.shape).uniform_(-bound, bound, generator=generator)
    return drawn.to(old)


def _norm(part: nn.Module) -> bool:
    return "Norm" in type(part).__name__


def _stage(module: nn.Module, name: str) -> str:
    first, *rest = name.split(".")
    inner = module.get_submodule(first)
    return f"{first}.{rest[0]}" if rest and isinstance(inner, nn.Sequential | nn.ModuleList) else first


def _in_running_order(module: nn.Module, inputs: Tensor) -> list[str]:
    """Names of the modules that hold weights of their own, by when each first finished."""
    names = [name for name, part in module.named_modules() if name and part._parameters]
    copy, ran = isolated(module, names), dict[str, None]()
    for name in names:
        copy.get_submodule(name).register_forward_hook(lambda *_, name=name: ran.setdefault(name))
    with torch.inference_mode(False), torch.no_grad():
        copy(inputs)
    if not ran:
        raise ModelError("The network holds no weights that could be drawn anew; this check needs a trained network.")
    return list(ran)
