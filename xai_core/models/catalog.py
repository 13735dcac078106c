"""Every model that can be chosen by name. A new source is one file and one line in `_SOURCES`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from torch import nn

from xai_core.errors import ModelError
from xai_core.models import own_folder, torchvision_zoo
from xai_core.models.brain_mri import brain_mri_card, build_brain_mri
from xai_core.models.bundled import build_imagenet, imagenet_card
from xai_core.models.device import pick_device
from xai_core.models.digits import build_digits, digits_card
from xai_core.models.download import fetch
from xai_core.models.load import loaded
from xai_core.types import LoadedModel, ModelCard, Progress


@dataclass(frozen=True)
class Source:
    """cards: what it offers. build: the network with its weights in eval mode, from a card."""

    cards: Callable[[], tuple[ModelCard, ...]]
    build: Callable[[ModelCard, Progress | None], nn.Module]


def _build_torchvision(card: ModelCard, on_progress: Progress | None) -> nn.Module:
    if card.download is None:
        raise ModelError(f"The card of {card.title} names no weights to load.")
    return torchvision_zoo.build(card, fetch(card.download, on_progress=on_progress))


_SOURCES = (
    Source(lambda: (imagenet_card(),), lambda _card, _progress: build_imagenet()),
    Source(torchvision_zoo.cards, _build_torchvision),
    Source(lambda: (digits_card(),), lambda _card, _progress: build_digits()),
    Source(lambda: (brain_mri_card(),), lambda _card, _progress: build_brain_mri()),
    Source(own_folder.folder_cards, lambda card, _progress: own_folder.build(card)),
)


@cache
def _catalog() -> dict[str, tuple[ModelCard, Source]]:
    return {card.key: (card, source) for source in _SOURCES for card in source.cards()}


def model_cards() -> tuple[ModelCard, ...]:
    """The records of all models that can be loaded by key, the bundled default first."""
    return tuple(card for card, _ in _catalog().values())


def list_again() -> None:
    """Look for models anew: a folder's may have changed."""
    _catalog.cache_clear()


def load_model(
    key: str = "imagenet", *, device: str | torch.device | None = None, on_progress: Progress | None = None
) -> LoadedModel:
    """Load a model of the catalogue; weights that are not on disk are downloaded, so ask the user first.

    on_progress: called with (bytes done, bytes in all); raising from it stops the download.
    ModelError: unknown key, no network, weights that do not fit.
    """
    try:
        card, source = _catalog()[key]
    except KeyError:
        raise ModelError(f"There is no model '{key}'; xai_core.model_cards() lists those there are.") from None
    return loaded(card, source.build(card, on_progress), pick_device(device))
