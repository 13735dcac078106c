"""Small versions of a data set's pictures, and the pieces of them that a unit saw."""

import base64
import io
from dataclasses import dataclass
from threading import Lock

import numpy as np
import streamlit as st
from cachetools import LRUCache
from PIL import Image

from dashboard.shared.components.patch_row import PatchImage
from xai_core.datasets import Dataset
from xai_core.errors import ImageError
from xai_core.features.patches import Patch, patch_box
from xai_core.images.display import display_pixels
from xai_core.models.preprocess import covered_box
from xai_core.types import Box, LoadedModel, ReceptiveField, SourceImage

SIDE = 320  # as fine as what most networks read
KEPT_BYTES = 96_000_000
OUTSIDE = 128  # grey where a piece reaches beyond its picture


@dataclass(frozen=True, eq=False)
class Small:
    """pixels: uint8 (h, w, 3), shrunk. size: (height, width) of the picture itself. url: the pixels as a data URL."""

    pixels: np.ndarray
    size: tuple[int, int]
    url: str = ""


def piece(
    model: LoadedModel, dataset: Dataset, field: ReceptiveField | str, channel: int, patch: Patch
) -> PatchImage | None:
    """What the unit saw of one picture; None where the picture is gone."""
    try:
        small = small_image(dataset, patch.image)
    except ImageError:
        return None
    height, width = small.size
    # A model that reads the crop to the head must see the picture again to know which part that was.
    image = small.size if model.config.resize.head_side is None else dataset.load(patch.image)
    box = seen_box(model, field, (channel, patch.i, patch.j), image)
    parts = (box.left / width, box.top / height, box.right / width, box.bottom / height)
    item = dataset.items[patch.image].id
    title = dataset.class_name(patch.image) or item.split("/")[-1]
    return PatchImage(_url(cut(small, parts)), small.url, parts, title, f"{patch.value:.3g}", item)


def seen_box(
    model: LoadedModel,
    field: ReceptiveField | str,
    unit: tuple[int, int, int],
    image: SourceImage | tuple[int, int],
) -> Box:
    """The unit's receptive field in picture pixels; of most models the picture's size (height, width) tells it.

    Where gates let every unit see everything, its windows are what sets it apart from the others.
    """
    if isinstance(field, str):
        return covered_box(model.config, image)
    gated = field.whole and max(field.size) < min(field.input_size)
    return patch_box(model.config, image, field, unit, clipped=not gated)


def cut(small: Small, parts: tuple[float, float, float, float]) -> np.ndarray:
    """uint8 (h, w, 3): a part of the picture, left, top, right, bottom; grey where it reaches beyond."""
    rows, columns = small.pixels.shape[:2]
    left, right = int(np.floor(parts[0] * columns)), int(np.ceil(parts[2] * columns))
    top, bottom = int(np.floor(parts[1] * rows)), int(np.ceil(parts[3] * rows))
    piece = np.full((max(1, bottom - top), max(1, right - left), 3), OUTSIDE, np.uint8)
    inside = small.pixels[max(0, top) : bottom, max(0, left) : right]
    y, x = max(0, -top), max(0, -left)
    piece[y : y + inside.shape[0], x : x + inside.shape[1]] = inside
    return piece


def small_image(dataset: Dataset, index: int) -> Small:
    """A picture of the set, decoded once while it is among the last used."""
    kept, lock = _store()
    key = (dataset.digest, dataset.items[index].id)
    with lock:
        found = kept.get(key)
    if found is None:
        found = _shrunk(display_pixels(dataset.load(index)))
        with lock:
            kept[key] = found
    return found


def _shrunk(pixels: np.ndarray) -> Small:
    image = Image.fromarray(pixels)
    image.thumbnail((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=2)
    small = np.asarray(image)
    return Small(small, (pixels.shape[0], pixels.shape[1]), _url(small))


@st.cache_resource(show_spinner=False, max_entries=1)
def _store() -> tuple[LRUCache[tuple[str, str], Small], Lock]:
    return LRUCache(KEPT_BYTES, getsizeof=lambda small: small.pixels.nbytes), Lock()


def _url(pixels: np.ndarray) -> str:
    """As a data URL; a tiny picture stays exact, a larger one is compressed."""
    image = Image.fromarray(pixels)
    buffer = io.BytesIO()
    if max(image.size) <= 32:
        image.save(buffer, "PNG")
        return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    image.save(buffer, "JPEG", quality=82)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
