"""A model from an ONNX file and a card: what `xai_core.open_onnx` gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from xai_core.deprecated import renamed_arguments
from xai_core.errors import ModelError
from xai_core.models.device import pick_device
from xai_core.models.load import loaded
from xai_core.models.normalisation import presets
from xai_core.models.source import ANOTHER_VISIT, BuiltFile, FileKind, ModelFile, ModelSource
from xai_core.models.sources.checkpoint.opening import GREY
from xai_core.models.sources.config_file import carded, config_of, read_file, refuse_other_count
from xai_core.types import LoadedModel, ModelConfig, ResizeRule

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
    found, given = read_onnx(data), config_of(config, title)
    made = given or _config_for(found, title, class_names)
    refuse_other_count(made, found.classes, found.channels)
    made = replace(made, notes=tuple(dict.fromkeys((*made.notes, *found.notes))))
    return carded(loaded(made, found.network, pick_device(device)), made, OWN)


def _config_for(found: OnnxModel, title: str, class_names: Sequence[str] | None = None) -> ModelConfig:
    """The card to begin with: the file's own size; what it was fed in training is a guess that its user corrects.

    ModelError: another number of names than classes.
    """
    names = tuple(class_names or (("no", "yes") if found.single else _numbered(found.classes)))
    if len(names) != found.classes:
        raise ModelError(f"The network tells {found.classes} classes apart; {len(names)} names were given.")
    usual = presets(found.channels)
    mean, std = usual["−1 to 1"] if found.channels_last else GREY if found.channels == 1 else usual["ImageNet"]
    several = found.ending == "sigmoid" and not found.single
    return ModelConfig(
        key=f"{OWN}{title}",
        title=title,
        source="an ONNX file",
        licence="the owner's",
        input_size=found.input_size,
        mean=mean,
        std=std,
        resize=ResizeRule(None),
        class_names=names,
        notes=("The mean and spread of the input are a guess; set those of the training.", *found.notes),
        architecture=ONNX,
        labels="several" if several else "one",
    )


def _numbered(classes: int) -> tuple[str, ...]:
    return tuple(f"class {index}" for index in range(classes))


def _read(data: bytes, title: str) -> ModelFile:
    """The file is its own only architecture, and is kept as it is."""
    from xai_core.models.sources.onnx.opening import read_onnx

    found = read_onnx(data)
    check = f"Its answers equal onnxruntime's, to {found.difference:.0e} of the largest."

    def built(_architecture: str) -> BuiltFile:
        config = _config_for(found, title)
        return BuiltFile(ONNX, "ONNX", loaded(config, found.network, pick_device()), check)

    return ModelFile((ONNX,), built, notes=found.notes, original=data)


def _network(path: Path, config: ModelConfig) -> torch.nn.Module:
    """The network of a file that has a card; ModelError also where the card names another number of classes."""
    from xai_core.models.sources.onnx.opening import read_onnx

    found = read_onnx(read_file(path)[0])
    refuse_other_count(config, found.classes, found.channels)
    return found.network


SOURCE = ModelSource(
    OWN,
    "yours",
    opens=FileKind("From **TensorFlow** and all others: `.onnx`.", (".onnx",), _read, _network),
    missing=ANOTHER_VISIT,
    python='xai.open_onnx("your-model.onnx", config="your-card.yaml")',
)
