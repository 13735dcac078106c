"""The search that top patches are compared with: all extremes of all pictures, sorted in Python."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from xai_core.datasets import Dataset
from xai_core.features.patches import Patch, TopPatches
from xai_core.models.preprocess import prepare
from xai_core.types import LoadedModel


def some(dataset: Dataset, *indices: int) -> Dataset:
    items = tuple(dataset.items[index] for index in indices)
    return replace(dataset, items=items, digest=f"{dataset.digest} {indices}")


def batches(model: LoadedModel, dataset: Dataset, size: int) -> list[Tensor]:
    tensors = [prepare(model.config, dataset.load(index)).tensor for index in range(len(dataset))]
    return list(torch.cat(tensors).split(size))


def brute_force(maps: np.ndarray, channel: int, k: int, least: bool) -> tuple[Patch, ...]:
    """All pictures' extreme places of one channel of (pictures, c, h, w), sorted in Python."""
    found = []
    for image, plane in enumerate(maps[:, channel]):
        extreme = plane.min() if least else plane.max()
        i, j = np.argwhere(plane == extreme)[0]
        found.append(Patch(image, int(i), int(j), float(extreme)))
    return tuple(sorted(found, key=lambda patch: patch.value if least else -patch.value)[:k])


def assert_equal_to_brute_force(patches: TopPatches, layer: str, maps: np.ndarray, k: int) -> None:
    assert patches.layers[layer].channels == maps.shape[1]
    assert patches.layers[layer].grid == maps.shape[2:]
    for channel in range(maps.shape[1]):
        for least in (False, True):
            expected = brute_force(maps, channel, k, least)
            assert patches.unit(layer, channel, least=least) == expected, (layer, channel, least)
