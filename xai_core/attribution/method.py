"""What a method is: a record with a function in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn


def _applies(_module: nn.Module) -> str | None:
    return None


@dataclass(frozen=True)
class Method:
    """A way of turning one trace into class maps.

    combine: activations and gradients of the class score, each (n, c, h, w), to the signed map (n, h, w).
    reason_not: None where the method applies to a network, else the reason why it does not, as a sentence.
    """

    key: str
    title: str
    paper: str
    about: str
    combine: Callable[[Tensor, Tensor], Tensor]
    reason_not: Callable[[nn.Module], str | None] = _applies
