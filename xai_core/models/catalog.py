"""Every source of models, and every model that can be chosen by name. A new source is one file and one line here."""

from functools import cache

import torch

from xai_core.errors import ModelError
from xai_core.models import load
from xai_core.models.device import pick_device
from xai_core.models.source import FileKind, ModelSource
from xai_core.models.sources import brain_mri, digits, imagenet, own_folder, torchvision_zoo
from xai_core.models.sources.checkpoint import opening as checkpoint
from xai_core.models.sources.huggingface import model as huggingface
from xai_core.models.sources.keras import model as keras
from xai_core.models.sources.onnx import model as onnx
from xai_core.types import LoadedModel, ModelConfig, ProgressCallback


def file_kinds() -> tuple[FileKind, ...]:
    """The kinds of files that can be opened; the first also gets those that no other claims."""
    return tuple(source.opens for source in SOURCES if source.opens is not None)


SOURCES: tuple[ModelSource, ...] = (
    imagenet.SOURCE,
    torchvision_zoo.SOURCE,
    digits.SOURCE,
    brain_mri.SOURCE,
    own_folder.source(file_kinds),
    checkpoint.SOURCE,
    huggingface.SOURCE,
    keras.SOURCE,
    onnx.SOURCE,
    load.SOURCE,
)


def source_of(key: str) -> ModelSource | None:
    """The source that a model's key belongs to, by the longest beginning; None for a key of none."""
    return max((s for s in SOURCES if key.startswith(s.keys)), key=lambda source: len(source.keys), default=None)


def source_of_file(name: str) -> ModelSource:
    """The source that opens files of this name's ending."""
    openers = [source for source in SOURCES if source.opens is not None]
    return next((s for s in openers if s.opens and name.lower().endswith(s.opens.suffixes)), openers[0])


def load_expression(key: str) -> str:
    """The Python that gives the model again. One of somebody's own lies in a file, or in Python, that only its owner
    can name."""
    source = source_of(key)
    return source.python if source and source.python else f"xai.load_model({key!r})"


@cache
def _catalog() -> dict[str, ModelConfig]:
    return {config.key: config for source in SOURCES for config in source.configs()}


def model_configs() -> tuple[ModelConfig, ...]:
    """The records of all models that can be loaded by key, the bundled default first."""
    return tuple(_catalog().values())


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
    config, source = _catalog().get(key), source_of(key)
    if config is None or source is None or source.build is None:
        raise ModelError(f"There is no model '{key}'; xai_core.model_configs() lists those there are.")
    return load.loaded(config, source.build(config, on_progress), pick_device(device))
