"""What a classifier's forward returns: the scores themselves, or an object that carries them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeGuard

from torch import Tensor

from xai_core.errors import ModelError


def scores_of(output: object, n: int) -> Tensor:
    """Scores (n, n_classes) before softmax: the output of a pass over n pictures, or its `.logits`.

    ModelError: there are no such scores; where a dict or tuple holds them, it names the place: of several, one that
    holds no probabilities.
    """
    scores = getattr(output, "logits", output)
    if _fits(scores, n):
        return scores
    shown = tuple(scores.shape) if isinstance(scores, Tensor) else f"a {type(output).__name__}"
    fitting = [(key, value) for key, value in _entries(output) if _fits(value, n)]
    before = [key for key, value in fitting if not are_probabilities(value)]  # Ultralytics gives both, these first
    place = f", such as output[{before[0]!r}]" if before else _no_scores(fitting)
    raise ModelError(
        f"The network answers with {shown}; a classifier's scores (n, n_classes) are needed. "
        f"Wrap it in a module whose forward returns them{place}."
    )


def are_probabilities(answers: Tensor) -> bool:
    """Whether rows (n, n_classes) of two classes or more are none below 0 and sum to 1, up to rounding."""
    if answers.shape[1] < 2 or not answers.is_floating_point():
        return False
    sums = answers.detach().double().sum(dim=1)
    return bool((answers >= 0).all()) and bool(((sums - 1).abs() < 1e-3).all())


def _no_scores(fitting: Sequence[tuple[object, object]]) -> str:
    return f"; output[{fitting[0][0]!r}] holds probabilities, not the scores before them" if fitting else ""


def _fits(scores: object, n: int) -> TypeGuard[Tensor]:
    return isinstance(scores, Tensor) and scores.ndim == 2 and len(scores) == n


def _entries(output: object) -> Iterable[tuple[object, object]]:
    if isinstance(output, Mapping):
        return output.items()
    return enumerate(output) if isinstance(output, tuple | list) else ()
