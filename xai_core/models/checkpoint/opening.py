"""A model from a file of weights, in one call."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from xai_core.errors import ModelError
from xai_core.models.checkpoint.architectures import Architecture, index
from xai_core.models.checkpoint.card import card_for
from xai_core.models.checkpoint.card_file import check_card, read_card, write_card
from xai_core.models.checkpoint.fill import chosen, network_of
from xai_core.models.checkpoint.reading import MAX_BYTES, Weights, read_weights
from xai_core.models.checkpoint.recognise import Proposal, recognise
from xai_core.models.device import pick_device
from xai_core.models.load import loaded
from xai_core.types import LoadedModel, ModelCard

OWN = "own/"  # before the keys of networks that no catalogue lists


def open_checkpoint(
    source: Path | str | bytes,
    *,
    architecture: str | None = None,
    card: ModelCard | Path | str | None = None,
    class_names: Sequence[str] | None = None,
    device: str | torch.device | None = None,
) -> LoadedModel:
    """A torchvision or timm classifier from its weights: .safetensors, .pt, .pth or .ckpt, read without running code.

    architecture: "torchvision/resnet18" or "timm/resnet18"; by default the card's, or the first that the weights fit.
    card: what the network is fed and what its classes are called, or the YAML file that says so; by default the
    architecture's own preprocessing with `class_names`.
    ModelError: unreadable, hostile or unknown weights; names of tensors that do not fit; a card for another network.
    """
    data, title = (source, "Your model") if isinstance(source, bytes) else read_file(Path(source))
    given = card_of(card, title)
    weights = read_weights(data)
    proposal = choose(weights, architecture or (given.architecture if given else None))
    made = given or card_for(proposal, title, class_names)
    made = replace(made, notes=(*made.notes, *weights.notes))
    return carded(loaded(made, network_of(proposal, weights.tensors), pick_device(device)), made, proposal)


def card_of(card: ModelCard | Path | str | None, title: str) -> ModelCard | None:
    """The card itself, or the one in a YAML file; None for none."""
    if card is None or isinstance(card, ModelCard):
        return card
    return read_card(read_file(Path(card))[0].decode(errors="replace"), title)


def carded(model: LoadedModel, card: ModelCard, proposal: Proposal) -> LoadedModel:
    """The network under another card; its key tells weights and card apart from all others.

    ModelError: the card is impossible, or it is for another number of classes or channels.
    """
    check_card(card)
    refuse_other_count(proposal, card)
    told = hashlib.sha256(f"{model.digest}\n{write_card(card)}".encode()).hexdigest()[:16]
    form = f"{card.architecture}-" if card.architecture == "onnx" else ""  # a recipe names the way to open it again
    return replace(model, card=replace(card, key=f"{OWN}{form}{told}"))


def try_out(model: LoadedModel) -> None:
    """Run the network once on grey; ModelError where it cannot read an input of the card's size."""
    height, width = model.card.input_size
    try:
        with torch.no_grad():
            model.module(torch.zeros(1, len(model.card.mean), height, width, device=model.device))
    except (RuntimeError, ValueError, AssertionError, IndexError) as error:  # how networks refuse a size
        raise ModelError(
            f"{model.card.title} cannot run on an input of {height} × {width} pixels; set the size of its training."
        ) from error


def opened_network(path: Path, card: ModelCard) -> nn.Module:
    """The network of a file that has a card; ModelError also where the card names another number of classes."""
    data, _ = read_file(path)
    weights = read_weights(data)
    proposal = choose(weights, card.architecture)
    refuse_other_count(proposal, card)
    return network_of(proposal, weights.tensors)


def refuse_other_count(proposal: Proposal, card: ModelCard) -> None:
    """ModelError where the card is for another number of classes or channels."""
    if proposal.classes != len(card.class_names) or proposal.channels != len(card.mean):
        raise ModelError(
            f"The network of {card.title} has {proposal.classes} classes and {proposal.channels} input channels; its "
            f"card says {len(card.class_names)} and {len(card.mean)}."
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
