"""A model from a Keras file and a card: what `xai_core.open_keras` gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from xai_core.errors import ModelError
from xai_core.models.device import pick_device
from xai_core.models.ending import taken_off
from xai_core.models.load import kind_before, loaded, names_for
from xai_core.models.normalisation import Numbers, presets
from xai_core.models.source import ANOTHER_VISIT, BuiltFile, FileKind, ModelFile, ModelSource
from xai_core.models.sources.config_file import carded, config_of, read_file, refuse_other_count
from xai_core.models.sources.keras.network import KerasNetwork, network_of
from xai_core.models.sources.keras.reading import read_keras
from xai_core.models.sources.wired_network import HALF
from xai_core.types import Answer, ChannelOrder, LoadedModel, ModelConfig, ResizeRule

KERAS = "keras"  # what a card names as the architecture
OWN = "own/keras-"  # before the keys of networks from such files
_CHECK = "Every layer is one whose meaning is known, and every stored weight has its place."


def open_keras(
    source: Path | str | bytes,
    *,
    config: ModelConfig | Path | str | None = None,
    class_names: Sequence[str] | None = None,
    device: str | torch.device | None = None,
) -> LoadedModel:
    """A classifier from a Keras file, .keras or .h5, rebuilt from PyTorch's layers, without Keras or TensorFlow.

    config: what the network is fed and what its classes are called, or the YAML file that says so.
    ModelError: unreadable or hostile, layers that are not known, no classifier of pictures.
    """
    data, title = (source, "Your model") if isinstance(source, bytes) else read_file(Path(source))
    found, given = _found(data), config_of(config, title)
    made = given or _config_for(found, title, class_names)
    refuse_other_count(made, found.outputs, found.channels)
    made = replace(made, notes=tuple(dict.fromkeys((*made.notes, *_notes(found)))))
    return carded(loaded(made, found.network, pick_device(device)), made, OWN)


def _found(data: bytes) -> KerasNetwork:
    found = network_of(read_keras(data))
    with torch.no_grad():
        scores = found.network(torch.zeros(1, found.channels, *found.input_size))
    if scores.ndim != 2:
        raise ModelError(f"The model answers with {tuple(scores.shape)}; a classifier gives one score for each class.")
    return found


def _config_for(found: KerasNetwork, title: str, class_names: Sequence[str] | None = None) -> ModelConfig:
    """The card to begin with. ModelError: another number of names than classes."""
    pixels = _pixels(found)
    return ModelConfig(
        key=f"{OWN}{title}",
        title=title,
        source="a Keras file",
        licence="the owner's",
        input_size=found.input_size,
        mean=pixels.mean,
        std=pixels.std,
        resize=ResizeRule(None, antialias=False),  # as image_dataset_from_directory does
        class_names=names_for(found.outputs, class_names),
        notes=(pixels.note, *_notes(found)),
        channel_order=pixels.order,
        architecture=KERAS,
        answer=Answer(kind_before(found.ending, found.outputs)),
    )


@dataclass(frozen=True)
class _Pixels:
    mean: Numbers
    std: Numbers
    note: str
    order: ChannelOrder = "RGB"


# What keras.applications feeds its networks, by how their names begin; all others read 0 to 255 and scale themselves.
_TORCH = ("densenet",)
_SYMMETRIC = ("mobilenet_", "mobilenetv2", "xception", "inception", "nasnet", *(f"resnet{n}v2" for n in (50, 101, 152)))
_CAFFE = ("resnet50", "resnet101", "resnet152", "vgg16", "vgg19")
_CAFFE_MEAN = tuple(value / 255 for value in (103.939, 116.779, 123.68))  # of blue, green and red


def _pixels(found: KerasNetwork) -> _Pixels:
    """What the network reads: said by its own layers, known of keras.applications' networks, or a guess."""
    usual = presets(found.channels)
    if found.scaled:
        return _Pixels(*usual["0 to 255"], "The network scales pixels of 0 to 255 itself; its own layers say so.")
    for name in map(str.lower, found.names) if found.channels == 3 else ():
        told = f"The mean and spread are those of keras.applications for {name[:40]}; set others if you trained so."
        if name.startswith(_TORCH):
            return _Pixels(*usual["ImageNet"], told)
        if name.startswith(_SYMMETRIC):
            return _Pixels(*usual["−1 to 1"], told)
        if name.startswith(_CAFFE):
            return _Pixels(_CAFFE_MEAN, (1 / 255,) * 3, told, "BGR")
    return _Pixels(*usual["0 to 1"], "The mean and spread of the input are a guess; set those of the training.")


def _notes(found: KerasNetwork) -> tuple[str, ...]:
    notes = []
    if found.left_out:
        notes.append(f"Layers that change pictures at random in training were left out: {', '.join(found.left_out)}.")
    if found.ending != "none":
        notes.append(taken_off(found.ending))
    return (*notes, *((HALF,) if found.half else ()))


def _read(data: bytes, title: str) -> ModelFile:
    """The file is its own only architecture, and is kept as it is."""
    found = _found(data)

    def built(_architecture: str) -> BuiltFile:
        return BuiltFile(KERAS, "Keras", loaded(_config_for(found, title), found.network, pick_device()), _CHECK)

    return ModelFile((KERAS,), built, notes=_notes(found), original=data)


def _network(path: Path, config: ModelConfig) -> nn.Module:
    """The network of a file that has a card; ModelError also where the card names another number of classes."""
    found = _found(read_file(path)[0])
    refuse_other_count(config, found.outputs, found.channels)
    return found.network


SOURCE = ModelSource(
    OWN,
    "yours",
    opens=FileKind("From **Keras**: `.keras`, `.h5` or `.hdf5`.", (".keras", ".h5", ".hdf5"), _read, _network),
    missing=ANOTHER_VISIT,
    python='xai.open_keras("your-model.keras", config="your-card.yaml")',
)
