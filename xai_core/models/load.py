"""From a network to a LoadedModel: frozen, in eval mode, on its device, with the digest of its weights."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from xai_core.deprecated import renamed_arguments
from xai_core.errors import ModelError
from xai_core.models.answering import answering
from xai_core.models.ending import Ending, look_at, taken_off
from xai_core.models.isolate import structure_copy
from xai_core.models.source import ANOTHER_VISIT, ModelSource
from xai_core.types import Answer, AnswerKind, ChannelOrder, LoadedModel, ModelConfig, ResizeRule

NO_YES = ("no", "yes")  # the names of a single number that is a yes or no, until its owner says others
WRAPPED = "own/python-"  # before the keys of networks that only their owner's Python can make again
SOURCE = ModelSource(
    WRAPPED,
    "yours",
    missing=ANOTHER_VISIT,
    python="xai.wrap_model(your_network, ...)  # as it was given to the dashboard",
)


def weights_digest(module: nn.Module) -> str:
    """SHA-256 hex over names, dtypes, shapes and values of the state dict, in order."""
    digest = hashlib.sha256()
    for name, tensor in module.state_dict().items():
        array = tensor.detach().cpu().contiguous()
        digest.update(f"{name} {array.dtype} {tuple(array.shape)}".encode())
        digest.update(array.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def frozen(module: nn.Module) -> nn.Module:
    """A copy in eval mode with frozen parameters; it shares the weights' memory and leaves `module` as it was."""
    weights = {id(p): nn.Parameter(p.detach(), requires_grad=False) for p in module.parameters()}
    return structure_copy(module, {**weights}, Tensor.detach).eval()


def loaded(config: ModelConfig, module: nn.Module, device: torch.device) -> LoadedModel:
    """Take ownership of a fresh `module` and make it ready to be explained on `device`; see `_answering_as`."""
    return _answering_as(config, module.eval().requires_grad_(False).to(device), device, config.answer.kind)


def _answering_as(config: ModelConfig, module: nn.Module, device: torch.device, kind: AnswerKind | None) -> LoadedModel:
    """The network up to the scores that its card speaks of: one output of several, without a final softmax or sigmoid.

    kind: what its owner says, None for what the network says. A single number is a yes or no where a sigmoid stands
    behind it, or where two names are given for it; with one name it is a measure.
    ModelError: the network says otherwise, or its answers are probabilities whose scores cannot be known.
    """
    if config.answer.output != getattr(module, "output_read", ""):  # an ONNX file's is built for one output
        module = answering(module, output=config.answer.output)
    found = look_at(module, (1, len(config.mean), *config.input_size), device)
    ending = found.ending
    if found.count == 1:
        config = single(config, ending, kind)
    elif kind == "yes_no" and found.count is not None:
        raise ModelError(f"A yes or no is a single number, and the network gives {found.count}; give kind='one'.")
    elif ending is not None:
        _refuse_other_kind(ending, kind)
        config = replace(config, answer=replace(config.answer, kind=ending.answer))
    two = config.answer.kind == "yes_no"
    if ending is not None or two:
        module = answering(module, ending=ending, two=two)
    if ending is not None:
        config = replace(config, notes=tuple(dict.fromkeys((*config.notes, taken_off(ending.kind)))))
    return LoadedModel(config, module, device, weights_digest(module))


def names_until_told(outputs: int) -> tuple[str, ...]:
    """What the outputs of a network are called until its owner says."""
    return tuple(f"class {index}" for index in range(outputs)) if outputs > 1 else ("measure",)


def names_for(outputs: int, given: Sequence[str] | None) -> tuple[str, ...]:
    """The names of a network's outputs, as they are given or until they are. ModelError: another number of names.

    Of a single output's number `single` speaks: one for a measure, two for a yes or no.
    """
    names = tuple(given or names_until_told(outputs))
    if len(names) != outputs and outputs != 1:
        raise ModelError(f"The network tells {outputs} classes apart; {len(names)} names were given.")
    return names


def kind_before(ending: str, outputs: int) -> AnswerKind:
    """What the scores mean behind which this ending stood: "softmax", "sigmoid" or "none"."""
    if ending != "sigmoid":
        return "one"
    return "yes_no" if outputs == 1 else "several"


def single(config: ModelConfig, ending: Ending | None, kind: AnswerKind | None) -> ModelConfig:
    """The card of a network with one output, which is either a yes or no with two names or a measure with one.

    ModelError: a measure behind a sigmoid; another number of names.
    """
    if kind == "number" and ending is not None:
        raise ModelError(
            "The network ends in a sigmoid, so its number is the probability of a yes; give kind 'yes_no', or the "
            "network without the sigmoid."
        )
    names = config.class_names
    binary = kind == "yes_no" or (kind != "number" and (ending is not None or len(names) == 2))
    if binary and len(names) == 1:
        names = NO_YES
    if len(names) != 1 + binary:
        need = "two names, of no and of yes" if binary else "one name, of what it measures"
        raise ModelError(f"The network gives a single number; give {need} (there are {len(names)}).")
    return replace(config, class_names=names, answer=replace(config.answer, kind="yes_no" if binary else "number"))


def _refuse_other_kind(ending: Ending, kind: AnswerKind | None) -> None:
    if kind not in (None, ending.answer):
        raise ModelError(
            f"The network ends in a {ending.kind}, and the answer's kind is {kind!r}; give {ending.answer!r}, which is "
            f"what a {ending.kind} means, or a network whose forward returns the scores before it."
        )


def try_out(model: LoadedModel) -> None:
    """Run the network once on grey; ModelError where it cannot read an input of the card's size."""
    height, width = model.config.input_size
    try:
        with torch.no_grad():
            model.module(torch.zeros(1, len(model.config.mean), height, width, device=model.device))
    except Exception as error:  # networks refuse a size in ways that no list ends
        raise ModelError(
            f"{model.config.title} cannot run on an input of {height} × {width} pixels; set the size of its training."
        ) from error


@renamed_arguments(labels="answer")
def wrap_model(
    module: nn.Module,
    *,
    input_size: tuple[int, int],
    mean: tuple[float, ...],
    std: tuple[float, ...],
    class_names: tuple[str, ...] | list[str],
    title: str | None = None,
    resize: ResizeRule | None = None,
    default_layer: str | None = None,
    channel_order: ChannelOrder = "RGB",
    answer: Answer | AnswerKind | None = None,
) -> LoadedModel:
    """Your own network, ready for `explain`; `module` itself is left as it was and its weights are not copied.

    input_size: (height, width). mean, std: for pictures scaled to [0, 1], one value for each of the three channels in
    their order, or a single one for a network that reads grey. class_names: one for each output; for a single logit
    two, no and yes; for a measure what it measures. resize: by default the picture is stretched to the input size.
    answer: what the outputs mean, and which is read of several; by default what the network ends in and the names say,
    "one" for plain scores, "number" for a single output with one name. A final softmax or sigmoid is taken off, so that
    maps explain the scores before it.
    ModelError: a network that is no float32 `nn.Module` of Python, numbers by which no picture can be prepared, or
    answers that are probabilities whose scores cannot be known.
    """
    _refuse_network(module)
    if len(mean) != len(std) or not all(map(math.isfinite, (*mean, *std))) or min((*std, 1)) <= 0:
        raise ModelError(
            f"mean is {tuple(mean)} and std {tuple(std)}; give as many finite numbers for each, those of std above 0."
        )
    config = ModelConfig(
        key=f"{WRAPPED}{type(module).__name__}",
        title=title or type(module).__name__,
        source="wrapped from Python",
        licence="the owner's",
        input_size=input_size,
        mean=tuple(mean),
        std=tuple(std),
        resize=resize or ResizeRule(shorter_side=None),
        class_names=tuple(class_names),
        default_layer=default_layer,
        channel_order=channel_order,
        answer=answer if isinstance(answer, Answer) else Answer(answer or "one"),
    )
    first = next(module.parameters(), None)
    device = first.device if first is not None else torch.device("cpu")
    return _answering_as(config, frozen(module), device, config.answer.kind if answer else None)


def _refuse_network(module: nn.Module) -> None:
    """What cannot be explained, with the way out."""
    if isinstance(module, torch.jit.ScriptModule):
        raise ModelError(
            "A TorchScript module hides its layers; wrap the Python network that it was made from, or export it to "
            "ONNX and open that by xai.open_onnx."
        )
    kinds = {t.dtype for t in module.parameters() if t.is_floating_point()} - {torch.float32}
    if kinds:
        name = str(min(map(str, kinds))).removeprefix("torch.")
        raise ModelError(f"The network computes in {name}, and pictures are float32; wrap module.float() instead.")
    if any(tensor.is_inference() for tensor in (*module.parameters(), *module.buffers())):
        raise ModelError(
            "The network was made in torch.inference_mode(), where no gradient can be taken; make it outside, or under "
            "torch.no_grad()."
        )
