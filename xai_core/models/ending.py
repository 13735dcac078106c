"""Networks that end in a softmax or a sigmoid: their scores are what came before it, and maps explain scores."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from xai_core.errors import ModelError
from xai_core.models.answer import are_probabilities, scores_of

Kind = Literal["softmax", "sigmoid"]

_SOFTMAX = (F.softmax, torch.softmax, Tensor.softmax, torch.special.softmax)
_LOG_SOFTMAX = (F.log_softmax, torch.log_softmax, Tensor.log_softmax, torch.special.log_softmax)
_SIGMOID = (F.sigmoid, torch.sigmoid, Tensor.sigmoid, torch.sigmoid_, Tensor.sigmoid_, torch.special.expit)
_KINDS: dict[Any, Kind] = {
    **dict.fromkeys((*_SOFTMAX, *_LOG_SOFTMAX), "softmax"),
    **dict.fromkeys((*_SIGMOID, F.logsigmoid), "sigmoid"),
}
_IN_PLACE = (torch.sigmoid_, Tensor.sigmoid_)
_SIZES = (1.0, 100.0, 10.0, 0.1)  # of the noise: real scores grow with it, and leave the range from 0 to 1
_LINEAR = ("Addmm", "Mm", "Bmm", "Mv", "Convolution", "MkldnnConvolution")  # what these give has no bounds
_KEEPING = ("View", "UnsafeView", "ReshapeAlias", "Alias", "Squeeze", "Unsqueeze", "Clone", "ToCopy", "Transpose",
            "Permute", "T", "Slice", "Select", "Add", "Mul", "Div")  # fmt: skip  # nor does what these make of it


@dataclass(frozen=True)
class Ending:
    """The call that turns scores into probabilities: the network's `place`-th from the last of such calls, -1 the last.

    answer: "one" of a softmax's classes holds, of a sigmoid's "several" may.
    """

    kind: Kind
    place: int

    @property
    def answer(self) -> Literal["one", "several"]:
        return "one" if self.kind == "softmax" else "several"


def taken_off(kind: str) -> str:
    """What a card says of a network whose ending of this kind is left out."""
    return f"The final {kind} was taken off, so that maps explain the score before it."


@dataclass(frozen=True)
class Outputs:
    """What a network gives: how many numbers, None where it does not run, and what stands before them."""

    count: int | None
    ending: Ending | None


def find_ending(module: nn.Module, input_shape: Sequence[int], device: torch.device | str = "cpu") -> Ending | None:
    """What stands between the scores of a network and its answers to inputs (1, c, H, W); see `look_at`."""
    return look_at(module, input_shape, device).ending


def look_at(module: nn.Module, input_shape: Sequence[int], device: torch.device | str = "cpu") -> Outputs:
    """How many numbers a network answers inputs (1, c, H, W) with, and the ending behind its scores, if there is one.

    Known from the calls of a pass over noise: one of them gave the answers. A network that does not run has none here.
    ModelError: the answers are probabilities, but no such call gave them, so that the scores cannot be known.
    """
    seed = torch.Generator().manual_seed(0)
    answers: list[Tensor] = []
    found: set[Ending | None] = set()
    for size in _SIZES:
        noise = size * torch.randn(*input_shape, generator=seed)
        try:
            answer, calls = _run(module, noise.to(device))
        except Exception:  # whatever a network refuses an input with is said where it is used
            return Outputs(answers[0].shape[1] if answers else None, None)
        if _unbounded(answer):  # a linear layer gave it, and no picture of a thousand makes it probabilities
            return Outputs(answer.shape[1], None)
        answers.append(answer.detach())
        found.add(_call_of(answers[-1], calls))
    ending = found.pop() if len(found) == 1 else None
    if ending is None:
        _refuse_probabilities(torch.cat(answers))
    return Outputs(answers[0].shape[1], ending)


def before_ending(run: Callable[[], object], n: int, ending: Ending, title: str) -> Tensor:
    """(n, n_classes), what a network gives to its last softmax or sigmoid when it runs over n inputs.

    ModelError: it ends in something else now.
    """
    with _Noting() as noting:
        answer = run()
    shape, place = scores_of(answer, n).shape, ending.place
    given = noting.calls[place].given if -place <= len(noting.calls) else None
    if given is None or given.numel() != shape.numel():
        raise ModelError(
            f"{title} ended in a {ending.kind} when it was opened, and now in something else; "
            "wrap a network whose forward returns the scores."
        )
    scores: Tensor = given.reshape(shape)
    return scores


@dataclass(frozen=True, eq=False)
class _Call:
    kind: Kind
    given: Tensor
    result: Tensor


class _Noting(TorchFunctionMode):
    """Within the block, and in this thread only, every call of a softmax or sigmoid is noted."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[_Call] = []

    def __torch_function__(
        self, func: Callable[..., Any], _types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        kind = _KINDS.get(func)
        if kind is None:
            return func(*args, **kwargs)
        given = args[0] if args else kwargs["input"]
        kept = given.clone() if func in _IN_PLACE else given
        result = func(*args, **kwargs)
        self.calls.append(_Call(kind, kept, result))
        return result


def _run(module: nn.Module, noise: Tensor) -> tuple[Tensor, list[_Call]]:
    """The answer (1, n_classes) on the graph, and the calls."""
    with torch.inference_mode(False), torch.enable_grad(), _Noting() as noting:
        answer = scores_of(module(noise.requires_grad_() * 1), 1)
    return answer, noting.calls


def _call_of(answer: Tensor, calls: Sequence[_Call]) -> Ending | None:
    """The last call that gave this answer, perhaps in another shape, or its logarithm for it."""
    for place, call in enumerate(reversed(calls), 1):
        if call.result.numel() == answer.numel() and any(
            torch.allclose(form, answer, rtol=1e-4, atol=1e-6) for form in _forms(call, answer.shape)
        ):
            return Ending(call.kind, -place)
    return None


def _forms(call: _Call, shape: torch.Size) -> Iterator[Tensor]:
    result = call.result.detach().reshape(shape)
    yield result
    if bool((result <= 0).all()):  # a logarithm, which some take back at the end
        yield result.exp()


def _unbounded(answer: Tensor) -> bool:
    """Whether a linear layer gave the answer, perhaps scaled or laid out anew, and its row does not sum to 1."""
    if are_probabilities(answer):
        return False
    node = answer.grad_fn
    while node is not None:
        operation = node.name().split("Backward")[0]
        if operation in _LINEAR:
            return True
        if operation not in _KEEPING:
            return False
        node = next((before for before, _ in node.next_functions if before is not None), None)
    return False


def _refuse_probabilities(answers: Tensor) -> None:
    """ModelError where answers (n, n_classes) to inputs of very different size are all probabilities."""
    answers = answers[answers.isfinite().all(dim=1)]  # large inputs may overflow
    if len(answers) < 2:
        return
    if are_probabilities(answers):
        kind: Kind = "softmax"
    elif bool(((answers >= 0) & (answers <= 1)).all()) and bool((answers.std(0) > 0).any()):
        kind = "sigmoid"
    else:
        return
    told = "sum to 1, as probabilities do" if kind == "softmax" else "all lie in 0 to 1, as probabilities do"
    raise ModelError(
        f"The network's answers {told}, and maps explain scores; make its forward return the scores before the {kind}."
    )
