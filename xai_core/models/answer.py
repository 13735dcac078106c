"""What a network's forward returns: the scores themselves, or an object that carries them among others."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import TypeGuard

from torch import Tensor

from xai_core.errors import ModelError


def scores_of(output: object, n: int) -> Tensor:
    """Scores (n, n_classes) before softmax: the output of a pass over n pictures, or its `.logits`.

    ModelError: there are no such scores; where a dict or tuple holds them, it names the place: of several, one that
    holds no probabilities. `Answer.output` chooses one.
    """
    scores = getattr(output, "logits", output)
    if _fits(scores, n):
        return scores
    shown = tuple(scores.shape) if isinstance(scores, Tensor) else f"a {type(output).__name__}"
    fitting = list(outputs_of(output, n).items())
    before = [key for key, value in fitting if not are_probabilities(value)]  # Ultralytics gives both, these first
    place = _place(before[0]) if before else _no_scores(fitting)
    raise ModelError(
        f"The network answers with {shown}; a classifier's scores (n, n_classes) are needed. "
        f"Wrap it in a module whose forward returns them{place}."
    )


def outputs_of(output: object, n: int) -> dict[str, Tensor]:
    """The tensors (n, n_classes) in what a pass over n pictures gave, by the way to them: "logits", "0", "heads.1".

    A tensor alone is {"": itself}. Of an object of outputs, such as those of transformers, its fields count.
    """
    if isinstance(output, Tensor):
        return {"": output} if _fits(output, n) else {}
    found = {}
    for key, value in _entries(output):
        inner = outputs_of(value, n)
        found.update({f"{key}.{name}" if name else str(key): tensor for name, tensor in inner.items()})
    return found


def picked(output: object, n: int, name: str) -> Tensor:
    """The output of this name; ModelError: there is none, with those there are."""
    found = outputs_of(output, n)
    if name not in found:
        there = ", ".join(f"“{one}” {tuple(tensor.shape[1:])}" for one, tensor in found.items()) or "none that is"
        raise ModelError(f"The network has no output “{name}” with rows of scores; there are: {there}.")
    return found[name]


def are_probabilities(answers: Tensor) -> bool:
    """Whether rows (n, n_classes) of two classes or more are none below 0 and sum to 1, up to rounding."""
    if answers.shape[1] < 2 or not answers.is_floating_point():
        return False
    sums = answers.detach().double().sum(dim=1)
    return bool((answers >= 0).all()) and bool(((sums - 1).abs() < 1e-3).all())


def _no_scores(fitting: Sequence[tuple[str, Tensor]]) -> str:
    return f"; output[{_key(fitting[0][0])}] holds probabilities, not the scores before them" if fitting else ""


def _place(name: str) -> str:
    return f", such as output[{_key(name)}], or say which one is read: answer=xai.Answer(output={name!r})"


def _key(name: str) -> str:
    return "][".join(key if key.isdigit() else repr(key) for key in name.split("."))


def _fits(scores: object, n: int) -> TypeGuard[Tensor]:
    return isinstance(scores, Tensor) and scores.ndim == 2 and len(scores) == n


def _entries(output: object) -> Iterable[tuple[object, object]]:
    if isinstance(output, Mapping):
        return output.items()
    if is_dataclass(output) and not isinstance(output, type):
        return [(field.name, getattr(output, field.name)) for field in fields(output)]
    if isinstance(output, tuple) and hasattr(output, "_fields"):
        return zip(output._fields, output, strict=True)
    return enumerate(output) if isinstance(output, tuple | list) else ()
