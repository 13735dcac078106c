"""A model from an ONNX file and a card: what `xai_core.open_onnx` gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from xai_core.deprecated import renamed_arguments
from xai_core.models.device import pick_device
from xai_core.models.load import kind_before, loaded, names_for
from xai_core.models.normalisation import presets
from xai_core.models.source import ANOTHER_VISIT, BuiltFile, FileKind, ModelFile, ModelSource, Untold
from xai_core.models.sources.checkpoint.opening import GREY
from xai_core.models.sources.config_file import carded, config_of, read_file, refuse_other_count
from xai_core.types import Answer, LoadedModel, ModelConfig, ResizeRule

if TYPE_CHECKING:
    from xai_core.models.sources.onnx.opening import OnnxModel

ONNX = "onnx"  # what a card names as the architecture
OWN = "own/onnx-"  # before the keys of networks from such files


@renamed_arguments(card="config")
def open_onnx(
    source: Path | str | bytes,
    *,
    config: ModelConfig | Path | str | None = None,
    class_names: Sequence[str] | None = None,
    device: str | torch.device | None = None,
) -> LoadedModel:
    """A classifier from an ONNX file (PyTorch, Keras, TensorFlow, …), rebuilt so that gradients flow through it.

    config: what the network is fed and what its classes are called, or the YAML file that says so.
    ModelError: unreadable or hostile, operators that are not supported, other answers than onnxruntime's.
    """
    from xai_core.models.sources.onnx.opening import read_onnx  # the library for the format only where a file is read

    data, title = (source, "Your model") if isinstance(source, bytes) else read_file(Path(source))
    given = config_of(config, title)
    found = read_onnx(data, given.answer.output if given else "")
    made = given or _config_for(found, title, class_names)
    refuse_other_count(made, found.classes, found.channels)
    made = replace(made, notes=tuple(dict.fromkeys((*made.notes, *found.notes))))
    return carded(loaded(made, found.network, pick_device(device)), made, OWN)


def _config_for(found: OnnxModel, title: str, class_names: Sequence[str] | None = None) -> ModelConfig:
    """The card to begin with: the file's own size; what it was fed in training is a guess that its user corrects.

    ModelError: another number of names than classes.
    """
    usual = presets(found.channels)
    mean, std = usual["−1 to 1"] if found.channels_last else GREY if found.channels == 1 else usual["ImageNet"]
    return ModelConfig(
        key=f"{OWN}{title}",
        title=title,
        source="an ONNX file",
        licence="the owner's",
        input_size=found.input_size,
        mean=mean,
        std=std,
        resize=ResizeRule(None),
        class_names=names_for(found.classes, class_names),
        notes=("The mean and spread of the input are a guess; set those of the training.", *found.notes),
        architecture=ONNX,
        answer=Answer(kind_before(found.ending, found.classes), output=found.output),
    )


def _read(data: bytes, title: str) -> ModelFile:
    """The file is its own only architecture, and is kept as it is."""
    from xai_core.models.sources.onnx.opening import read_onnx

    found = read_onnx(data)

    def built(said: Mapping[str, str]) -> BuiltFile:
        read = read_onnx(data, said["output"]) if said else found
        config = replace(_config_for(read, title), settled=tuple(said.items()), caution=_caution(read, said))
        check = f"Its answers equal onnxruntime's, to {read.difference:.0e} of the largest."
        model = loaded(config, read.network, pick_device())
        return BuiltFile(ONNX, "ONNX", model, check, untold=_untold(read), settled=built if _untold(read) else None)

    return ModelFile((ONNX,), lambda _architecture: built({}), notes=found.notes, original=data)


def _untold(found: OnnxModel) -> tuple[Untold, ...]:
    """Which output is read, where a file has several that may be scores."""
    if len(found.outputs) < 2:
        return ()
    names = ", ".join(f"“{name}”" for name in found.outputs)
    reason = f"The file has several outputs ({names}), and “{found.outputs[0]}” was taken."
    options = {name: name for name in found.outputs}
    return (Untold("output", "The output that is read", options, found.outputs[0], reason),)


def _caution(found: OnnxModel, said: Mapping[str, str]) -> str:
    return " ".join(one.reason for one in _untold(found) if one.name not in said)


def _network(path: Path, config: ModelConfig) -> torch.nn.Module:
    """The network of a file that has a card; ModelError also where the card names another number of classes."""
    from xai_core.models.sources.onnx.opening import read_onnx

    found = read_onnx(read_file(path)[0], config.answer.output)
    refuse_other_count(config, found.classes, found.channels)
    return found.network


SOURCE = ModelSource(
    OWN,
    "yours",
    opens=FileKind("From **TensorFlow** and all others: `.onnx`.", (".onnx",), _read, _network),
    missing=ANOTHER_VISIT,
    python='xai.open_onnx("your-model.onnx", config="your-card.yaml")',
)
