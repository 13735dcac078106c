"""All slices, read once: standardised as the network gets them, and small copies as they came for the probes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from training.brain_mri.fit import Slices
from training.brain_mri.lesion import boxes
from training.brain_mri.split import label, slices, split, without_twins
from xai_core.images import load_image
from xai_core.images.head_crop import grey_values, head_crop, head_mask
from xai_core.models.sources.brain_mri import HEAD_SIDE

RAW_SIDE = 64


@dataclass(frozen=True, eq=False)
class Collection:
    """Row i of every field belongs to one slice.

    part: train, validation, test or gap. slices: standardised pictures, labels, boxes. heads: bool (n, 160, 160).
    raw: uint8 (n, 64, 64), the picture as it came, stretched. raw_heads: bool (n, 64, 64), where its head lies.
    """

    paths: list[Path]
    part: np.ndarray
    slices: Slices
    heads: np.ndarray
    raw: np.ndarray
    raw_heads: np.ndarray


def read(data: Path, limit: int | None = None) -> Collection:
    """Read, standardise and split everything: half a minute. limit: about so many slices of each class, spread out."""
    paths = slices(data, limit)
    images, heads, raw, raw_heads, crops, sizes = [], [], [], [], [], []
    for path in paths:
        image = load_image(path)
        values, crop = grey_values(image), head_crop(image, HEAD_SIDE)
        images.append((crop.grey * 255 + 0.5).astype(np.uint8))
        heads.append(crop.mask)
        raw.append(_stretched(values).round().astype(np.uint8))
        raw_heads.append(_stretched(head_mask(values).astype(np.float32)) > 0.5)
        crops.append(crop.box)
        sizes.append(image.size)
    standard = np.stack(images)
    found = boxes(data, paths, crops, sizes, HEAD_SIDE)
    labels = np.array([label(path) for path in paths])
    part = without_twins(split(paths), standard)
    return Collection(paths, part, Slices(standard, labels, found), np.stack(heads), np.stack(raw), np.stack(raw_heads))


def _stretched(values: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(values).resize((RAW_SIDE, RAW_SIDE), Image.Resampling.BOX))
