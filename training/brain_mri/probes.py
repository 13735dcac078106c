"""What betrays the collection a slice comes from, before and after it is standardised.

Among Cheng's slices and the healthy ones of Br35H "no tumour" and the source are one and the same label. Each
probe is a forest that sees one thing only and names the source of held-out slices; 0.5 is chance.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from scipy import fft
from skimage.measure import label as regions
from skimage.measure import regionprops
from sklearn.ensemble import RandomForestClassifier

from training.brain_mri.augment import tones
from training.brain_mri.collection import Slices
from training.brain_mri.measure import balanced, interval, patients
from training.brain_mri.sources import NO_TUMOUR

_OVAL = 0.95  # overlap with the ellipse of the same moments: mostly axial slices; a neck or a face overlaps less
_FRAME = 0.05  # of the side


def probes(slices: Slices, seed: int) -> dict[str, object]:
    """Balanced accuracy of naming the source of the test slices, from what each name says."""
    oval = np.array([_ovalness(head) >= _OVAL for head in slices.heads])
    everything = np.ones_like(oval)
    answer: dict[str, object] = {name: _probed(slices, seen, everything, seed) for name, seen in _views(slices).items()}
    silhouette = _small(slices.heads)
    answer["standardised: outline of the head, oval heads only"] = _probed(slices, silhouette, oval, seed)
    return answer


def _views(slices: Slices) -> Mapping[str, np.ndarray]:
    """What each probe sees: float (n, d)."""
    images, heads = slices.images, slices.heads
    return {
        "as it came: outermost frame": _frame(slices.raw),
        "as it came: all but the head": _flat(np.where(slices.raw_heads, 0, slices.raw)),
        "standardised: outermost frame": _frame(images),
        "standardised: all but the head": _flat(np.where(heads, 0, images)[:, ::4, ::4]),
        "standardised: outline of the head": _small(heads),
        "standardised: grey levels of the head": tones(images),
        "standardised: sharpness": _sharpness(images),
    }


def _probed(slices: Slices, seen: np.ndarray, among: np.ndarray, seed: int) -> dict[str, object]:
    source = (slices.labels == NO_TUMOUR).astype(int)
    known = np.flatnonzero(among & np.isin(slices.part, ["train", "validation"]))
    requested = np.flatnonzero(among & (slices.part == "test"))
    forest = RandomForestClassifier(200, class_weight="balanced", min_samples_leaf=3, random_state=seed)
    named = forest.fit(seen[known], source[known]).predict(seen[requested])
    groups = patients(slices.labels, requested)
    return {
        "balanced_accuracy": round(balanced(source[requested], named), 4),
        "interval_95": interval(lambda rows: balanced(source[requested][rows], named[rows]), groups),
        "of": len(requested),
    }


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float32)


def _frame(images: np.ndarray) -> np.ndarray:
    """The pixels along the border, (n, d)."""
    inside = np.zeros(images.shape[1:], bool)
    width = round(_FRAME * len(inside)) // 2
    inside[width:-width, width:-width] = True
    return images[:, ~inside].astype(np.float32)


def _small(heads: np.ndarray) -> np.ndarray:
    return _flat(heads[:, ::4, ::4])


def _ovalness(head: np.ndarray) -> float:
    """Intersection over union of a head, bool (h, w), with the ellipse of the same area's moments."""
    largest = max(regionprops(regions(head)), key=lambda region: region.area)
    (row, column), turn = largest.centroid, largest.orientation
    y, x = (
        axis - middle for axis, middle in zip(np.ogrid[: head.shape[0], : head.shape[1]], (row, column), strict=True)
    )
    along = (x * np.sin(turn) + y * np.cos(turn)) / (largest.axis_major_length / 2)
    across = (x * np.cos(turn) - y * np.sin(turn)) / (largest.axis_minor_length / 2)
    ellipse = along**2 + across**2 < 1
    return float((ellipse & head).sum() / (ellipse | head).sum())


def _sharpness(images: np.ndarray) -> np.ndarray:
    """The share of each octave of spatial frequency in a picture's power, in logarithms: (n, 6)."""
    power = np.abs(fft.fft2(images.astype(np.float32) / 255, workers=1)) ** 2
    along = np.abs(fft.fftfreq(images.shape[1]))
    radius = np.hypot(along[:, None], along[None])
    edges = 0.75 / 2.0 ** np.arange(7, -1, -1)
    shares = [power[:, (radius >= low) & (radius < high)].sum(axis=1) for low, high in pairwise(edges)]
    return np.log(np.stack(shares, axis=1) + 1e-9)
