"""Maps that know nothing, against which a map must show its worth, and the order in which a map ranks the pixels."""

from __future__ import annotations

import numpy as np

from xai_core.render.place import resample


def shuffled(values: np.ndarray, seed: int) -> np.ndarray:
    """The map (h, w) with its own cells in random places: same values, same grain, no knowledge."""
    return np.random.default_rng(seed).permutation(values.ravel()).reshape(values.shape)


def centre(size: tuple[int, int]) -> np.ndarray:
    """A map float32 (h, w) that falls off from the middle: what a blind guess at a photograph's subject would be."""
    rows, columns = (np.linspace(-1, 1, length) for length in size)
    return (-np.hypot(rows[:, None], columns[None])).astype(np.float32)


def ranks(values: np.ndarray, size: tuple[int, int], seed: int = 0) -> np.ndarray:
    """int64 `size`: 0 for the pixel that the map (h, w) rates highest, as it is drawn over `size`.

    Equals are ordered at random, since the order of rows would favour the upper edge.
    """
    flat = (values if values.shape == size else resample(values, size)).ravel()
    order = np.lexsort((np.random.default_rng(seed).random(flat.size), -flat))
    found = np.empty(flat.size, dtype=np.int64)
    found[order] = np.arange(flat.size)
    return found.reshape(size)
