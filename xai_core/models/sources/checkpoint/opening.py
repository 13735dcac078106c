"""A model from a file of weights, in one call."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from xai_core.deprecated import renamed_arguments
from xai_core.errors import ModelError
from xai_core.models.device import pick_device
from xai_core.models.load import loaded
from xai_core.models.sources.checkpoint.architectures import Architecture, index
from xai_core.models.sources.checkpoint.config import config_for
from xai_core.models.sources.checkpoint.config_file import check_config, read_config, write_config
from xai_core.models.sources.checkpoint.fill import chosen, network_of
from xai_core.models.sources.checkpoint.reading import MAX_BYTES, Weights, read_weights
from xai_core.models.sources.checkpoint.recognise import Proposal, recognise
from xai_core.types import LoadedModel, ModelConfig

OWN = "own/"  # before the keys of networks that no catalogue lists


@renamed_arguments(card="config")
def open_checkpoint(
    source: Path | str | bytes,
    *,
    architecture: str | None = None,
    config: ModelConfig | Path | str | None = None,
    class_names: Sequence[str] | None = None,
    device: str | torch.device | None = None,
) -> LoadedModel:
    """A torchvision or timm classifier from its weights: .safetensors, .pt, .pth or .ckpt, read without running code.

    architecture: "torchvision/resnet18" or "timm/resnet18"; by default the card's, or the first that the weights fit.
    config: what the network is fed and what its classes are called, or the YAML file that says so; by default the
    architecture's own preprocessing with `class_names`.
    ModelError: unreadable, hostile or unknown weights; names of tensors that do not fit; a card for another network.
    """
    data, title = (source, "Your model") if isinstance(source, bytes) else read_file(Path(source))
    given = config_of(config, title)
    weights = read_weights(data)
    proposal = choose(weights, architecture or (given.architecture if given else None))
    made = given or config_for(proposal, title, class_names)
    made = replace(made, notes=(*made.notes, *weights.notes))
    return carded(loaded(made, network_of(proposal, weights.tensors), pick_device(device)), made, proposal)


def config_of(config: ModelConfig | Path | str | None, title: str) -> ModelConfig | None:
    """The card itself, or the one in a YAML file; None for none."""
    if config is None or isinstance(config, ModelConfig):
        return config
    return read_config(read_file(Path(config))[0].decode(errors="replace"), title)


def carded(model: LoadedModel, config: ModelConfig, proposal: Proposal) -> LoadedModel:
    """The network under another card; its key tells weights and card apart from all others.

    ModelError: the card is impossible, or it is for another number of classes or channels.
    """
    check_config(config)
    refuse_other_count(proposal, config)
    told = hashlib.sha256(f"{model.digest}\n{write_config(config)}".encode()).hexdigest()[:16]
    form = f"{config.architecture}-" if config.architecture == "onnx" else ""  # a recipe names the way to open it again
    return replace(model, config=replace(config, key=f"{OWN}{form}{told}"))


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


def opened_network(path: Path, config: ModelConfig) -> nn.Module:
    """The network of a file that has a card; ModelError also where the card names another number of classes."""
    data, _ = read_file(path)
    weights = read_weights(data)
    proposal = choose(weights, config.architecture)
    refuse_other_count(proposal, config)
    return network_of(proposal, weights.tensors)


def refuse_other_count(proposal: Proposal, config: ModelConfig) -> None:
    """ModelError where the card is for another number of classes or channels."""
    if proposal.classes != len(config.class_names) or proposal.channels != len(config.mean):
        raise ModelError(
            f"The network of {config.title} has {proposal.classes} classes and {proposal.channels} input channels; its "
            f"card says {len(config.class_names)} and {len(config.mean)}."
        )


def choose(weights: Weights, architecture: str | None = None) -> Proposal:
    """The named architecture for the weights, or the first that fits."""
    if architecture is not None:
        return chosen(_named(architecture), weights.tensors)
    found = recognise(weights.tensors)
    if not found:
        names = ", ".join(list(weights.tensors)[:3])
        raise ModelError(
            f"No architecture of torchvision or timm has these {len(weights.tensors)} weights ({names}, …); name one, "
            "or wrap your network in Python with xai_core.wrap_model."
        )
    return found[0]


def _named(key: str) -> Architecture:
    entry = next((entry for entry in index() if entry.key == key), None)
    if entry is None:
        raise ModelError(f"There is no architecture '{key}'; write 'torchvision/resnet18' or 'timm/resnet18'.")
    return entry


def read_file(path: Path) -> tuple[bytes, str]:
    """A file's bytes and its name without the suffix."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ModelError(f"{path.name} is larger than {MAX_BYTES / 1e9:.1f} GB; it is not opened.")
        return path.read_bytes(), path.stem
    except OSError as error:
        raise ModelError(f"{path.name} cannot be read ({error.strerror}); check its path.") from error
