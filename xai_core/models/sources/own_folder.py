"""Models of one's own in a folder: each a file of weights with its card beside it, `brain.pt` and `brain.yaml`.

The environment variable SIGHTLINE_MODELS names the folder. Weights without a card are opened on the Models page first.
"""

import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import safetensors.torch
from torch import nn

from xai_core.durable import disk_trouble, replace_file
from xai_core.errors import ModelError
from xai_core.models.source import FileKind, ModelSource
from xai_core.models.sources.config_file import LARGEST_FILE, read_config, write_config
from xai_core.types import LoadedModel, ModelConfig

VARIABLE = "SIGHTLINE_MODELS"
PREFIX = "folder/"
WEIGHTS = ".safetensors"  # how weights without a file of their own are written
_CARD = ".yaml"
_MOST = 500  # models of one folder


@dataclass(frozen=True)
class Listing:
    """What a folder holds: cards of its models, files of weights that have none, and what is wrong with the others."""

    configs: tuple[ModelConfig, ...]
    without_config: tuple[str, ...]
    problems: tuple[str, ...]


def models_folder() -> Path | None:
    """The folder that SIGHTLINE_MODELS names; None where the variable is not set."""
    named = os.environ.get(VARIABLE)
    return Path(named).expanduser() if named else None


def source(kinds: Callable[[], Sequence[FileKind]]) -> ModelSource:
    """The folder as a source of models. kinds: the files that may lie in it."""
    return ModelSource(
        PREFIX,
        "models folder",
        lambda: list_folder(kinds()).configs,
        lambda config, _progress: _network(config, kinds()),
    )


def _network(config: ModelConfig, kinds: Sequence[FileKind]) -> nn.Module:
    """The network of one of the folder's cards. ModelError: unreadable weights, or another number of classes."""
    path = weights_file(config.key.removeprefix(PREFIX))
    return next(kind for kind in kinds if path.suffix.lower() in kind.suffixes).network(path, config)


def list_folder(kinds: Sequence[FileKind]) -> Listing:
    """The folder's models in the order of their names; weights are not read. A broken card is a problem, no error."""
    folder = models_folder()
    if folder is None:
        return Listing((), (), ())
    try:
        suffixes = {suffix for kind in kinds for suffix in kind.suffixes}
        weights = sorted(p.name for p in folder.iterdir() if p.suffix.lower() in suffixes and p.is_file())[:_MOST]
    except OSError as error:
        return Listing((), (), (f"The models folder {folder} cannot be read ({error.strerror}).",))
    configs, bare, problems = [], [], []
    for name in weights:
        beside = (folder / name).with_suffix(_CARD)
        if not beside.is_file():
            bare.append(name)
            continue
        try:
            configs.append(_config(beside, name))
        except ModelError as error:
            problems.append(f"{beside.name}: {error}")
    return Listing(tuple(configs), tuple(bare), tuple(problems))


def weights_file(name: str) -> Path:
    """A file of weights of the folder by its name; ModelError: it is not there."""
    folder = models_folder()
    with suppress(OSError):  # a name that is too long for any file
        if folder is not None and Path(name).name == name and (folder / name).is_file():
            return folder / name
    raise ModelError(f"The models folder has no file '{name[:80]}'.")


def save_to_folder(model: LoadedModel, file: bytes | None = None, suffix: str = WEIGHTS) -> str:
    """Write a model's weights and card into the folder; gives the name of the file of weights.

    file: the one that the model came from, where it is kept as it is, under its suffix. ModelError: no folder, or a
    model of that name is there. SightlineError: the disk refuses.
    """
    folder = models_folder()
    if folder is None:
        raise ModelError(f"There is no models folder; set {VARIABLE} to one and start again.")
    stem = re.sub(r"[^\w -]+", "-", model.config.title).strip(" -_")[:60] or "model"
    if folder.is_dir() and any(path.stem == stem for path in folder.iterdir()):
        raise ModelError(f"The models folder already has a “{stem}”; give this one another title.")
    name = f"{stem}{suffix}"
    if file is None:
        tensors = {n: tensor.detach().cpu().clone() for n, tensor in model.module.state_dict().items()}
        file = safetensors.torch.save(tensors)
    with disk_trouble(folder):
        replace_file(folder / name, file)
        replace_file(folder / f"{stem}{_CARD}", write_config(model.config).encode())  # last: only now is it a model
    return name


def _config(path: Path, weights: str) -> ModelConfig:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ModelError(f"It is larger than {LARGEST_FILE // 2**20} MB.")
        return read_config(path.read_text("utf-8"), PREFIX + weights)
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError("It cannot be read as text.") from error
