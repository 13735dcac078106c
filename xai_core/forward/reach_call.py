"""One call of an elementary operation, as its rule gets to see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from xai_core.forward.reach import Reach

AVERAGE = "an average over all places"
ATTENTION = "attention between all places"
LINEAR = "a fully connected layer over all places"
NORM = "a normalisation over all places"


@dataclass(frozen=True, eq=False)
class Call:
    """func: the operation. given: its arguments by their names in its schema. outputs: the tensors that it gave.

    at: what an argument sees of one axis of the picture; None where it does not depend on the picture.
    """

    func: torch._ops.OpOverload
    given: Mapping[str, Any]
    outputs: Sequence[Tensor]
    at: Callable[[Any], Reach | None]

    @property
    def name(self) -> str:
        """ "relu" for aten.relu as well as for its in-place form aten.relu_."""
        return self.func._schema.name.removeprefix("aten::").removesuffix("_")

    def tensors(self) -> list[Tensor]:
        """All tensors among the arguments."""
        values = [v for value in self.given.values() for v in (value if isinstance(value, list | tuple) else (value,))]
        return [value for value in values if isinstance(value, Tensor)]

    def seen(self) -> list[Reach]:
        """What the arguments that depend on the picture see; never empty."""
        return [reach for tensor in self.tensors() if (reach := self.at(tensor)) is not None]

    def dims(self) -> list[int]:
        """The argument `dim` as negative numbers; all dimensions of the first operand where it is missing."""
        rank = len(self.seen()[0].shape)
        dims = self.given.get("dim")
        given = [dims] if isinstance(dims, int) else list(dims or range(rank))
        return [dim - rank if dim >= 0 else dim for dim in given]


# One reach for all outputs, or one for each; None for what does not depend on the picture.
Rule = Callable[[Call], Reach | Sequence[Reach | None] | None]
