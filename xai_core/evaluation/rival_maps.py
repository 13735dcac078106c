"""Maps that know nothing, against which a map must show its worth, and the order in which a map ranks the places."""

import numpy as np
import torch
from torch.nn import functional

from xai_core.render.place import resample

PATCH, LEAST_PATCHES = 8, 7
WORTH = 0.1  # of the class's probability: by this a map must beat each random one
PLACED = 0.05  # the same against a spot in the middle and the map itself at a wrong place, which mark much the same
TESTABLE = 0.05  # below this probability removing places has next to nothing to take away


def in_patches(values: np.ndarray) -> np.ndarray:
    """A map of pixels (H, W) as the means of patches of 8 x 8 pixels, float32 (h, w), at least 7 a side; a map of no
    more cells than that stays as it is.

    Scattered pixels torn out of a picture break it whatever they mean, so maps of pixels are put to the test by regions
    (Samek et al., IEEE TNNLS 2017, in regions of 9 x 9).
    """
    rows, columns = (min(length, max(LEAST_PATCHES, length // PATCH)) for length in values.shape)
    fine = torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))[None]
    return functional.adaptive_avg_pool2d(fine, (rows, columns))[0].numpy()


def shuffled(values: np.ndarray, seed: int) -> np.ndarray:
    """The map (h, w) with its own cells in random places: same values, same grain, no knowledge."""
    return np.random.default_rng(seed).permutation(values.ravel()).reshape(values.shape)


def centre(size: tuple[int, int]) -> np.ndarray:
    """A map float32 (h, w) that falls off from the middle: what a blind guess at a photograph's subject would be."""
    rows, columns = (np.linspace(-1, 1, length) for length in size)
    return (-np.hypot(rows[:, None], columns[None])).astype(np.float32)


def misplaced(values: np.ndarray) -> dict[str, np.ndarray]:
    """The map (h, w) at the wrong place, by what was done: mirrored left to right, and moved by half the picture down
    and across, what leaves at one side coming in at the other. Same values, same grain, same shapes.

    A map that marks a region by chance does as well there; random cells alone do not show that.
    """
    rows, columns = values.shape
    return {
        "mirrored": np.ascontiguousarray(values[:, ::-1]),
        "moved by half": np.roll(values, (rows // 2, columns // 2), (0, 1)),
    }


def ranks(values: np.ndarray, size: tuple[int, int], seed: int = 0) -> np.ndarray:
    """int64 `size`: 0 for the pixel that the map (h, w) rates highest, as it is drawn over `size`.

    Equals are ordered at random, since the order of rows would favour the upper edge.
    """
    flat = (values if values.shape == size else resample(values, size)).ravel()
    order = np.lexsort((np.random.default_rng(seed).random(flat.size), -flat))
    found = np.empty(flat.size, dtype=np.int64)
    found[order] = np.arange(flat.size)
    return found.reshape(size)
