"""Every model that can be chosen by name. A new source is one file and one line in `_SOURCES`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from torch import nn

from xai_core.errors import ModelError
from xai_core.models.device import pick_device
from xai_core.models.download import fetch
from xai_core.models.load import loaded
from xai_core.models.sources import own_folder, torchvision_zoo
from xai_core.models.sources.brain_mri import brain_mri_config, build_brain_mri
from xai_core.models.sources.digits import build_digits, digits_config
from xai_core.models.sources.imagenet import build_imagenet, imagenet_config
from xai_core.types import LoadedModel, ModelConfig, ProgressCallback


@dataclass(frozen=True)
class Source:
    """configs: what it offers. build: the network with its weights in eval mode, from a card."""

    configs: Callable[[], tuple[ModelConfig, ...]]
    build: Callable[[ModelConfig, ProgressCallback | None], nn.Module]


def _build_torchvision(config: ModelConfig, on_progress: ProgressCallback | None) -> nn.Module:
    if config.download is None:
        raise ModelError(f"The card of {config.title} names no weights to load.")
    return torchvision_zoo.build(config, fetch(config.download, on_progress=on_progress))


_SOURCES = (
    Source(lambda: (imagenet_config(),), lambda _config, _progress: build_imagenet()),
    Source(torchvision_zoo.configs, _build_torchvision),
    Source(lambda: (digits_config(),), lambda _config, _progress: build_digits()),
    Source(lambda: (brain_mri_config(),), lambda _config, _progress: build_brain_mri()),
    Source(own_folder.folder_configs, lambda config, _progress: own_folder.build(config)),
)


@cache
def _catalog() -> dict[str, tuple[ModelConfig, Source]]:
    return {config.key: (config, source) for source in _SOURCES for config in source.configs()}


def model_configs() -> tuple[ModelConfig, ...]:
    """The records of all models that can be loaded by key, the bundled default first."""
    return tuple(config for config, _ in _catalog().values())


def list_again() -> None:
    """Look for models anew: a folder's may have changed."""
    _catalog.cache_clear()


def load_model(
    key: str = "imagenet", *, device: str | torch.device | None = None, on_progress: ProgressCallback | None = None
) -> LoadedModel:
    """Load a model of the catalogue; weights that are not on disk are downloaded, so ask the user first.

    on_progress: called with (bytes done, bytes in all); raising from it stops the download.
    ModelError: unknown key, no network, weights that do not fit.
    """
    try:
        config, source = _catalog()[key]
    except KeyError:
        raise ModelError(f"There is no model '{key}'; xai_core.model_cards() lists those there are.") from None
    return loaded(config, source.build(config, on_progress), pick_device(device))
