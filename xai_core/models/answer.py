"""What a classifier's forward returns: the scores themselves, or an object that carries them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeGuard

from torch import Tensor

from xai_core.errors import ModelError


def scores_of(output: object, n: int) -> Tensor:
    """Scores (n, n_classes) before softmax: the output of a pass over n pictures, or its `.logits`.

    ModelError: there are no such scores; where a dict or tuple holds them, it names the place.
    """
    scores = getattr(output, "logits", output)
    if _fits(scores, n):
        return scores
    shown = tuple(scores.shape) if isinstance(scores, Tensor) else f"a {type(output).__name__}"
    place = next((f", such as output[{key!r}]" for key, value in _entries(output) if _fits(value, n)), "")
    raise ModelError(
        f"The network answers with {shown}; a classifier's scores (n, n_classes) are needed. "
        f"Wrap it in a module whose forward returns them{place}."
    )


def _fits(scores: object, n: int) -> TypeGuard[Tensor]:
    return isinstance(scores, Tensor) and scores.ndim == 2 and len(scores) == n


def _entries(output: object) -> Iterable[tuple[object, object]]:
    if isinstance(output, Mapping):
        return output.items()
    return enumerate(output) if isinstance(output, tuple | list) else ()
