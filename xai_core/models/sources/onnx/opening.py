"""From an ONNX file to a model that can be explained, its answers checked against onnxruntime's."""

from dataclasses import dataclass

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from xai_core.errors import ModelError
from xai_core.models.ending import find_ending, taken_off
from xai_core.models.sources.onnx.graph import Ending, Graph, computes_in_half, read_graph, without_ending
from xai_core.models.sources.onnx.network import KNOWN, network_of
from xai_core.models.sources.onnx.trial import Trial, tried
from xai_core.models.sources.wired_network import HALF, WiredNetwork

_SAME = 1e-4  # of the largest answer
_SAME_HALF = 5e-3  # where the file computes in half precision; 9e-4 was the most among five architectures


@dataclass(frozen=True, eq=False)
class OnnxModel:
    """network: pictures (n, c, H, W) to scores. difference: the largest from onnxruntime's answer, of its largest.

    classes: how many numbers it answers with. notes: what was done to it, one sentence each. outputs: the names of all
    that may be scores.
    """

    network: WiredNetwork
    classes: int
    channels: int
    input_size: tuple[int, int]
    ending: Ending
    channels_last: bool
    difference: float
    notes: tuple[str, ...]
    outputs: tuple[str, ...]

    @property
    def output(self) -> str:
        """The name of the output that is read; empty where there is one alone."""
        return self.network.output_read


def read_onnx(data: bytes, output: str = "") -> OnnxModel:
    """The network of an ONNX file, after it ran in a process of its own; see `tried` for the limits.

    output: the name of the one that is read; the first that may be scores where none is named.

    ModelError: broken, hostile, with unsupported operators, no classifier of pictures, or with other answers here.
    """
    trial = tried(data, KNOWN, output)
    model = onnx.load_model_from_string(trial.model)
    whole, half = read_graph(model, trial.given.shape, trial.output), computes_in_half(model)
    _refuse_unusable(whole)
    given = torch.from_numpy(trial.given).float()
    images = given.permute(0, 3, 1, 2).contiguous() if whole.channels_last else given
    difference = _difference(whole, images, trial, half)
    graph = without_ending(whole)
    network = _built(graph)
    classes = _run(network, images).shape[1]
    _refuse_probabilities(network, images)
    notes = (*_notes(graph), *_batch_notes(network, images), *((HALF,) if half else ()))
    size = (images.shape[2], images.shape[3])
    if len(trial.outputs) > 1:
        network.output_read = trial.output
    return OnnxModel(
        network,
        classes,
        images.shape[1],
        size,
        graph.ending,
        graph.channels_last,
        difference,
        notes,
        trial.outputs,
    )


def _refuse_unusable(graph: Graph) -> None:
    for name, value in graph.constants.items():
        if value.is_floating_point() and value.numel() > 1 and bool(torch.isnan(value).any()):
            raise ModelError(f"'{name[:60]}' holds NaN: the training broke; take an earlier model.")


def _refuse_probabilities(network: WiredNetwork, images: Tensor) -> None:
    """Where no softmax or sigmoid stands at the very end, but others are made of what one gives."""
    ending = find_ending(network, tuple(images.shape))
    if ending is not None:
        raise ModelError(
            f"The model reshapes what its {ending.kind} gives in a way that is not known, and maps explain the scores "
            "before it; export it without that ending."
        )


def _built(graph: Graph) -> WiredNetwork:
    try:
        return network_of(graph)
    except ModelError:
        raise
    except Exception as error:  # a stranger's graph can be wrong in ways that no list ends
        raise ModelError(f"The model cannot be rebuilt from PyTorch's layers ({_short(error)}).") from error


def _run(network: nn.Module, images: Tensor) -> Tensor:
    try:
        with torch.no_grad():
            scores = network(images)
    except Exception as error:
        raise ModelError(f"The rebuilt model does not run ({_short(error)}).") from error
    if not isinstance(scores, Tensor) or scores.ndim != 2 or len(scores) != len(images) or scores.shape[1] < 1:
        shape = tuple(scores.shape) if isinstance(scores, Tensor) else type(scores).__name__
        raise ModelError(f"The model answers with {shape}; a classifier gives one score for each class.")
    return scores


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__


def _difference(graph: Graph, images: Tensor, trial: Trial, half: bool) -> float:
    """How far the rebuilt network's answer lies from onnxruntime's; ModelError where it is another one."""
    answer = np.asarray(trial.answer, dtype=np.float64).reshape(1, -1)
    if not np.isfinite(answer).all():
        raise ModelError("The model answers with NaN or infinite numbers to a random picture; its weights are broken.")
    found = _run(_built(graph), images).double().numpy()
    if found.shape != answer.shape:
        raise ModelError(f"The rebuilt model gives {found.shape[1]} answers, onnxruntime {answer.shape[1]}.")
    difference = float(np.abs(found - answer).max() / max(np.abs(answer).max(), 1e-6))
    if difference > (_SAME_HALF if half else _SAME):
        raise ModelError(
            f"The rebuilt model answers otherwise than onnxruntime (by {difference:.1e} of the largest answer), so its "
            "maps would not be the model's; export it with another opset, or wrap the network in Python."
        )
    return difference


def _notes(graph: Graph) -> tuple[str, ...]:
    notes = []
    if graph.ending != "none":
        notes.append(taken_off(graph.ending))
    if graph.channels_last:
        notes.append("It reads (height, width, channels), as Keras does; pictures are turned for it.")
    return tuple(notes)


def _batch_notes(network: WiredNetwork, images: Tensor) -> tuple[str, ...]:
    """A file may be written for one picture: then several go one after another."""
    pair = torch.cat([images, images.flip(3)])
    alone = torch.cat([_run(network, image[None]) for image in pair])
    try:
        together = _run(network, pair)
    except ModelError:
        together = torch.full_like(alone, torch.inf)
    if bool((together - alone).abs().max() <= 1e-3 * alone.abs().max().clamp(min=1e-6)):
        return ()
    network.one_at_a_time = True
    return ("It is written for one picture at a time: passes over many pictures are slower.",)
