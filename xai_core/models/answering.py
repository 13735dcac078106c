"""What a network gives, made the scores that maps explain: the output that is read, before its ending, for and against.

The adaptation is the network's own forward, so that every pass, fold and copy of it gives the same scores.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn

from xai_core.models.answer import picked, scores_of
from xai_core.models.ending import Ending, before_ending
from xai_core.models.isolate import isolated


@dataclass(frozen=True, eq=False)
class _Reading:
    """forward: the network's own, where it is no method of its class. output: the one that is read, by name.

    ending: what is taken off. two: a single score s becomes the scores (-s, s) of no and yes. like: unit vectors
    (r, d); an embedding (n, d) becomes its cosines with them (n, r).
    """

    forward: Callable[..., object] | None
    output: str = ""
    ending: Ending | None = None
    two: bool = False
    like: Tensor | None = None


def answering(
    module: nn.Module,
    *,
    output: str = "",
    ending: Ending | None = None,
    two: bool = False,
    like: Tensor | None = None,
) -> nn.Module:
    """The same module, which now answers so; an output and an ending that it had stay. For a network of one's own."""
    known = _reading(module) or _Reading(vars(module).get("forward"))
    now = replace(known, output=output or known.output, ending=ending or known.ending, two=two, like=like)
    module._reading = now  # type: ignore[assignment]  # plain data, no layer
    module.forward = MethodType(_forward, module)
    return module


def answered_anew(module: nn.Module, *, two: bool) -> nn.Module:
    """A network with one score, which becomes two or stays alone; it shares the parts of `module`, left as it was."""
    return answering(isolated(module, [""]), two=two)


def compared_with(module: nn.Module, vectors: Tensor) -> nn.Module:
    """A network whose scores (n, r) are its embedding's cosines with vectors (r, d); it shares the parts likewise."""
    return answering(isolated(module, [""]), like=torch.nn.functional.normalize(vectors.detach(), dim=1))


def is_two(module: nn.Module) -> bool:
    """Whether a network's two scores are a single one, for and against."""
    known = _reading(module)
    return known is not None and known.two


def _reading(module: nn.Module) -> _Reading | None:
    found = vars(module).get("_reading")
    return found if isinstance(found, _Reading) else None


def _forward(module: nn.Module, inputs: Tensor) -> Tensor:
    """(n, n_classes)."""
    how: Any = module._reading

    def run() -> object:
        given = how.forward(inputs) if how.forward else type(module).forward(module, inputs)
        return picked(given, len(inputs), how.output) if how.output else given

    if how.ending is not None:
        scores = before_ending(run, len(inputs), how.ending, type(module).__name__)
    else:
        scores = scores_of(run(), len(inputs))
    if how.like is not None:
        cosines: Tensor = torch.nn.functional.normalize(scores, dim=1) @ how.like.to(scores).T
        return cosines
    return torch.cat([-scores, scores], dim=1) if how.two else scores
