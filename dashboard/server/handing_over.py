"""A network and pictures as one parcel for the dashboard's own process, and what that makes of it."""

import hashlib
import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import torch
from PIL import Image
from torch import nn

import xai_core as xai
from dashboard.core.state import MAX_UPLOADS
from xai_core.datasets import Dataset, open_dataset
from xai_core.errors import ImageError, ModelError, SightlineError
from xai_core.models.answer import scores_of
from xai_core.models.load import WRAPPED
from xai_core.types import LoadedModel, SourceImage

ImageLike = str | Path | bytes | Image.Image | np.ndarray | SourceImage


@dataclass(frozen=True, eq=False)
class Given:
    """What the dashboard was opened on. images: those that stand ready; dataset: all of them, None for none."""

    model: LoadedModel
    images: tuple[SourceImage, ...]
    dataset: Dataset | None


def handed_over(
    model: nn.Module | LoadedModel,
    images: str | Path | Sequence[ImageLike] | None,
    class_names: Sequence[str] | None,
    settings: Mapping[str, Any],
) -> bytes:
    """The parcel, after a look at what is in it. ModelError, ImageError: as `serve`."""
    ready = _ready(model, class_names, settings)
    pictures = _pictures(images)
    with _in_words(ready.config.title):
        return bytes(cloudpickle.dumps((ready, pictures)))


def opened(parcel: bytes) -> Given:
    """What is in a parcel of `handed_over`, which alone may be opened: reading one runs code."""
    model, pictures = pickle.loads(parcel)
    dataset = None if pictures is None else open_dataset(pictures)
    images = () if dataset is None else tuple(_readable(dataset))
    return Given(model, images, dataset)


def _ready(
    model: nn.Module | LoadedModel, class_names: Sequence[str] | None, settings: Mapping[str, Any]
) -> LoadedModel:
    if isinstance(model, LoadedModel):
        if class_names is not None:
            model = replace(model, config=replace(model.config, class_names=tuple(class_names)))
    elif isinstance(model, nn.Module):
        with _in_words(type(model).__name__):
            names = class_names or _numbered(model, settings)
            model = xai.wrap_model(model, class_names=list(names), **settings)
    else:
        raise ModelError(f"A {type(model).__name__} is no network; give a torch.nn.Module or what xai.wrap_model gave.")
    _try_out(model)
    told = hashlib.sha256(f"{model.digest}\n{model.config}".encode()).hexdigest()[:16]
    return replace(model, config=replace(model.config, key=f"{WRAPPED}{told}"))


@contextmanager
def _in_words(title: str) -> Iterator[None]:
    """Say what stands in the way of a copy."""
    try:
        yield
    except SightlineError:
        raise
    except Exception as error:  # whatever the attributes of a network refuse with
        raise ModelError(
            f"{title} cannot be handed to the dashboard's process ({error}). Remove open files, locks and generators "
            "from its attributes, or save its weights and open them on the Models page."
        ) from error


def _numbered(module: nn.Module, settings: Mapping[str, Any]) -> list[str]:
    """A name for each output of a network whose classes were not named."""
    unnamed = xai.wrap_model(module, class_names=["?"], **settings)
    return [f"class {number}" for number in range(_scores(unnamed).shape[1])]


def _try_out(model: LoadedModel) -> None:
    scores, names = _scores(model), model.config.class_names
    if scores.shape[1] != len(names):
        raise ModelError(f"The network has {scores.shape[1]} outputs, but {len(names)} class names; give one for each.")


def _scores(model: LoadedModel) -> torch.Tensor:
    """(1, n_classes), for a grey picture. ModelError: the network cannot read it, or gives something else."""
    height, width = model.config.input_size
    grey = torch.zeros(1, len(model.config.mean), height, width, device=model.device)
    try:
        with torch.no_grad():
            answer = model.module(grey)
    except Exception as error:  # whatever a network of anybody's refuses a size with
        raise ModelError(
            f"{model.config.title} cannot read an input of {tuple(grey.shape)} ({error}); set input_size, mean and std."
        ) from error
    return scores_of(answer, 1)


def _pictures(images: str | Path | Sequence[ImageLike] | None) -> str | Path | list[SourceImage] | None:
    if images is None:
        return None
    if isinstance(images, str | Path):
        open_dataset(images)  # refuses what is no data set here, where the caller sees it
        return images if isinstance(images, Path) else str(Path(images).resolve()) if Path(images).exists() else images
    pictures = [_picture(image, number) for number, image in enumerate(images, 1)]
    if not pictures:
        raise ImageError("The list of images is empty; give at least one, or leave it out.")
    return pictures


def _picture(image: ImageLike, number: int) -> SourceImage:
    if isinstance(image, SourceImage):
        return image
    if isinstance(image, np.ndarray):
        if image.dtype != np.uint8 or image.ndim not in (2, 3):
            raise ImageError(f"Image {number} is {image.dtype} {image.shape}; give uint8 (h, w) or (h, w, 3).")
        image = Image.fromarray(image)
    named = isinstance(image, str | Path) or bool(getattr(image, "filename", ""))
    return xai.load_image(image, name=None if named else f"picture {number}")


def _readable(dataset: Dataset) -> list[SourceImage]:
    """The first pictures, at most as many as a visitor's tray holds; the damaged ones among them are left out."""
    found = []
    for index in range(min(len(dataset), MAX_UPLOADS)):
        try:
            found.append(dataset.load(index))
        except ImageError:
            continue
    return found
