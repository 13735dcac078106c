"""From a network to a LoadedModel: frozen, in eval mode, on its device, with the digest of its weights."""

import hashlib
import math
from dataclasses import replace

import torch
from torch import Tensor, nn

from xai_core.errors import ModelError
from xai_core.models.ending import Ending, find_ending, scores_only
from xai_core.models.isolate import structure_copy
from xai_core.models.source import ANOTHER_VISIT, ModelSource
from xai_core.types import ChannelOrder, Labels, LoadedModel, ModelConfig, ResizeRule

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
    """Take ownership of a fresh `module` and make it ready to be explained on `device`; see `_before_probabilities`."""
    return _before_probabilities(config, module.eval().requires_grad_(False).to(device), device, config.labels)


def _before_probabilities(
    config: ModelConfig, module: nn.Module, device: torch.device, labels: Labels | None
) -> LoadedModel:
    """The network up to its scores: a final softmax or sigmoid is taken off, and the card says so.

    labels: what its owner says, None for what the ending says. ModelError: these contradict each other, or the
    answers are probabilities whose scores cannot be known.
    """
    ending = find_ending(module, (1, len(config.mean), *config.input_size), device)
    if ending is not None:
        _refuse_other_labels(ending, labels)
        module = scores_only(module, ending)
        config = replace(config, labels=ending.labels, notes=(*config.notes, ending.note))
    return LoadedModel(config, module, device, weights_digest(module))


def _refuse_other_labels(ending: Ending, labels: Labels | None) -> None:
    if labels not in (None, ending.labels):
        raise ModelError(
            f"The network ends in a {ending.kind}, and labels is {labels!r}; give labels={ending.labels!r}, which is "
            f"what a {ending.kind} means, or a network whose forward returns the scores before it."
        )


def try_out(model: LoadedModel) -> None:
    """Run the network once on grey; ModelError where it cannot read an input of the card's size."""
    height, width = model.config.input_size
    try:
        with torch.no_grad():
            model.module(torch.zeros(1, len(model.config.mean), height, width, device=model.device))
    except (RuntimeError, ValueError, AssertionError, IndexError) as error:  # how networks refuse a size
        raise ModelError(
            f"{model.config.title} cannot run on an input of {height} × {width} pixels; set the size of its training."
        ) from error


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
    labels: Labels | None = None,
) -> LoadedModel:
    """Your own network, ready for `explain`; `module` itself is left as it was and its weights are not copied.

    input_size: (height, width). mean, std: for pictures scaled to [0, 1], one value for each of the three channels in
    their order, or a single one for a network that reads grey. class_names: one for each output. resize: by default
    the whole picture is stretched to the input size. labels: "several" where each output has a sigmoid of its own; by
    default what the network ends in says, "one" for plain scores. A final softmax or sigmoid is taken off, so that maps
    explain the scores before it.
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
        labels=labels or "one",
    )
    first = next(module.parameters(), None)
    device = first.device if first is not None else torch.device("cpu")
    return _before_probabilities(config, frozen(module), device, labels)


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
