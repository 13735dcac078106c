"""Where the object of a picture lies, as far as anything says so."""

from __future__ import annotations

import numpy as np

from xai_core.datasets import Dataset
from xai_core.evaluation.checks.resolution import outer_frame
from xai_core.images.head_crop import head_crop
from xai_core.types import Box, LoadedModel, ModelInput, SourceImage

BOX_COLUMNS = ("x_center", "y_center", "width", "height")  # of a list, as shares of the picture
BORDER = 0.125  # of each side: the frame that a border-only copy keeps
_MIDDLE = 0.15  # of each side, left over around the middle that stands for an unknown object


def object_of(model: LoadedModel, dataset: Dataset, index: int, image: SourceImage, given: ModelInput) -> np.ndarray:
    """bool (H, W) over the input: the box that the data set's list gives, else the head where the model reads heads;
    empty where nobody knows."""
    size = (int(given.tensor.shape[2]), int(given.tensor.shape[3]))
    if all(name in dataset.columns for name in BOX_COLUMNS):
        told = [float(dataset.columns[name][index]) for name in BOX_COLUMNS]
        if np.isfinite(told).all():
            return _inside(_box(told, image.size), given.box, size)
    side = model.config.resize.head_side
    crop = head_crop(image, side) if side is not None else None
    if crop is None or not crop.found:
        return np.zeros(size, bool)
    rows, columns = (np.arange(length) * crop.mask.shape[axis] // length for axis, length in enumerate(size))
    return crop.mask[np.ix_(rows, columns)]


def middle(size: tuple[int, int]) -> np.ndarray:
    """What stands for an object that is not known: all but a wide frame."""
    return ~outer_frame(size, _MIDDLE)


def _box(told: list[float], size: tuple[int, int]) -> Box:
    """Shares of the picture (height, width) as a box in its pixels."""
    x, y, width, height = told
    rows, columns = size
    return Box((x - width / 2) * columns, (y - height / 2) * rows, (x + width / 2) * columns, (y + height / 2) * rows)


def _inside(box: Box, seen: Box, size: tuple[int, int]) -> np.ndarray:
    """The input's pixels whose centres lie in a box of the picture."""
    y = seen.top + (np.arange(size[0]) + 0.5) / size[0] * (seen.bottom - seen.top)
    x = seen.left + (np.arange(size[1]) + 0.5) / size[1] * (seen.right - seen.left)
    return ((y >= box.top) & (y < box.bottom))[:, None] & ((x >= box.left) & (x < box.right))[None]
