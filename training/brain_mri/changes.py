"""What the network does when what should not matter is changed, and when what should matter is taken away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from scipy import ndimage
from scipy.special import softmax
from torch import from_numpy, nn

from training.brain_mri.collection import NOWHERE, Slices
from training.brain_mri.fit import penultimate
from training.brain_mri.lesion import ellipse, painted_over, shifted
from training.brain_mri.sources import NO_TUMOUR, TUMOUR
from training.digits import share
from xai_core.images import load_image
from xai_core.images.digest import array_digest
from xai_core.images.head_crop import grey_values, head_crop, head_mask
from xai_core.models.sources.brain_mri import HEAD_SIDE
from xai_core.types import SourceImage

_GROWN = 1.3  # outlines are drawn tight
Change = Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]


def scores_of(network: nn.Module, images: np.ndarray) -> np.ndarray:
    """float32 (n, 4) for standardised pictures uint8 (n, 160, 160)."""
    return network.classifier(penultimate(network, images)).detach().numpy()


def outside_the_head(
    network: nn.Module, slices: Slices, paths: Sequence[Path], requested: np.ndarray, seed: int
) -> dict[str, object]:
    """Of the slices `requested`, read from `paths`: how many keep their class when all but the head is changed before
    standardising."""
    before = scores_of(network, slices.images[requested])
    answer: dict[str, object] = {}
    for name, change in _CHANGES.items():
        rng = np.random.default_rng(seed)
        images = [_again(grey_values(load_image(paths[i])), change, rng) for i in requested]
        after = scores_of(network, np.stack(images))
        answer[name] = _compared(before, after)
    return answer


def _again(values: np.ndarray, change: Change, rng: np.random.Generator) -> np.ndarray:
    height, width = values.shape
    coarse = head_mask(values)
    rows, columns = np.arange(height) * coarse.shape[0] // height, np.arange(width) * coarse.shape[1] // width
    head = ndimage.binary_dilation(coarse, iterations=2)[np.ix_(rows, columns)]
    changed = change(values, head, rng).astype(np.float32)
    image = SourceImage(changed, "changed", "scan", array_digest(changed))
    return (head_crop(image, HEAD_SIDE).grey * 255 + 0.5).astype(np.uint8)


def _black(values: np.ndarray, head: np.ndarray, _rng: np.random.Generator) -> np.ndarray:
    return np.where(head, values, 0)


def _noise(values: np.ndarray, head: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.where(head, values, rng.uniform(0, 0.1, values.shape) * values.max())


def _bordered(values: np.ndarray, head: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """More black on each side, as in a wider field of view, and a thin white line around it."""
    wide = [(int(rng.uniform(0, 0.3) * n), int(rng.uniform(0, 0.3) * n)) for n in values.shape]
    return np.pad(np.pad(np.where(head, values, 0), wide), 1, constant_values=values.max())


_CHANGES: dict[str, Change] = {"black": _black, "noise of a tenth": _noise, "black border, white line": _bordered}


def _compared(before: np.ndarray, after: np.ndarray) -> dict[str, object]:
    moved = np.abs(softmax(after, axis=1) - softmax(before, axis=1)).max(axis=1)
    same = before.argmax(axis=1) == after.argmax(axis=1)
    return {"same_class": share(from_numpy(same)), "mean_largest_change_of_probability": round(float(moved.mean()), 4)}


def outlines_swapped(network: nn.Module, slices: Slices, requested: np.ndarray, seed: int) -> dict[str, object]:
    """Slices seen through the outline of a head from the other source, and of one from their own."""
    rng = np.random.default_rng(seed)
    images, healthy = slices.images[requested], slices.labels[requested] == NO_TUMOUR
    heads, before = slices.heads[requested], scores_of(network, images)
    answer: dict[str, object] = {}
    for name, wanted in (("the other source", ~healthy), ("their own source", healthy)):
        donors = np.array([rng.choice(np.flatnonzero(healthy == flag)) for flag in wanted])
        after = scores_of(network, np.where(heads[donors], images, 0))
        kept = (before.argmax(axis=1) == NO_TUMOUR) == (after.argmax(axis=1) == NO_TUMOUR)
        answer[f"outline of a head of {name}: tumour or none unchanged"] = share(from_numpy(kept))
    return answer


def tumour_painted_over(network: nn.Module, slices: Slices, seed: int) -> dict[str, object]:
    """Rightly named tumour slices with the tumour painted over, and with as much painted over elsewhere."""
    rng, truth = np.random.default_rng(seed), slices.labels
    named = _named(scores_of(network, slices.images), truth)
    data = slices.of(np.flatnonzero((named == truth) & (slices.known != NOWHERE)))
    if not len(data.labels):
        return {"tumour slices named rightly": 0}
    places = [ellipse(place.shape, _box(place), _GROWN) for place in data.places]
    gone = np.stack([painted_over(p, place, rng) for p, place in zip(data.images, places, strict=True)])
    moved = [shifted(place, p > 0, place, rng) for p, place in zip(data.images, places, strict=True)]
    free = np.array([place is not None for place in moved])
    kept = [painted_over(p, place, rng) for p, place in zip(data.images, moved, strict=True) if place is not None]
    after = _named(scores_of(network, gone), data.labels)
    control = _named(scores_of(network, np.stack(kept)), data.labels[free])
    return {
        "tumour painted over: now no tumour": share(from_numpy(after == NO_TUMOUR)),
        "tumour painted over: class stays": share(from_numpy(after == data.labels)),
        "as much painted over elsewhere: class stays": share(from_numpy(control == data.labels[free])),
    }


def _named(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The classes of the highest scores; any tumour is right where the type is unknown."""
    named = scores.argmax(axis=1)
    return np.where((labels == TUMOUR) & (named != NO_TUMOUR), TUMOUR, named)


def _box(place: np.ndarray) -> np.ndarray:
    """Centre x, y, width, height of a place."""
    rows, columns = np.flatnonzero(place.any(axis=1)), np.flatnonzero(place.any(axis=0))
    wide, high = np.ptp(columns) + 1, np.ptp(rows) + 1
    return np.array([columns[0] + wide / 2, rows[0] + high / 2, wide, high])
