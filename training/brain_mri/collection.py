"""All slices, read once and standardised as the network gets them, with the place of the tumour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from PIL import Image

from training.brain_mri.lesion import ellipse
from training.brain_mri.sources import HEADS, SOURCES, Given, every_slice
from training.brain_mri.split import without_twins
from training.brain_mri.stripping import brain_mask
from xai_core.images.head_crop import HeadCrop, cut, grey_values, head_crop, head_mask
from xai_core.models.sources.brain_mri import HEAD_SIDE

RAW_SIDE = 64
NOWHERE, BOXED, OUTLINED = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Slices:
    """Row i of every field belongs to one slice.

    images: uint8 (n, 160, 160), standardised. heads, brains, places: bool of the same shape: the head, what is left
    without its skull (all False: not found), and the tumour. known: int8 (n,): NOWHERE, BOXED (places holds the
    ellipse in a box) or OUTLINED. labels: int64 (n,), into CLASSES or TUMOUR. sources: int64 (n,), into SOURCES.
    planes: str (n,), "" where it is not known. part: str (n,): train, validation, test or gap. numbers: int64 (n,).
    raw: uint8 (n, 64, 64), the picture as it came, stretched; raw_heads: bool, where its head lies. patients: str (n,),
    "" where it is not known.
    """

    images: np.ndarray
    heads: np.ndarray
    brains: np.ndarray
    places: np.ndarray
    known: np.ndarray
    labels: np.ndarray
    sources: np.ndarray
    planes: np.ndarray
    part: np.ndarray
    numbers: np.ndarray
    raw: np.ndarray
    raw_heads: np.ndarray
    patients: np.ndarray

    def of(self, chosen: np.ndarray) -> Slices:
        return Slices(*(getattr(self, field.name)[chosen] for field in fields(Slices)))

    def rows(self, part: str, *sources: str) -> np.ndarray:
        """The rows of a part, of some sources or of all."""
        wanted = [SOURCES.index(name) for name in sources or SOURCES]
        return np.flatnonzero((self.part == part) & np.isin(self.sources, wanted))


def read(data: Path, seed: int, limit: int | None = None, store: Path | None = None) -> Slices:
    """Read, standardise and split everything: minutes, or seconds where `store` keeps it from the last time."""
    if store is not None and store.exists():
        with np.load(store) as kept:
            nobody = np.full(len(kept["labels"]), "")  # in a store of before patients were kept
            return Slices(*(kept.get(field.name, nobody) for field in fields(Slices)))
    rows = [_row(given) for given in every_slice(data, seed, limit)]
    found = Slices(*(np.array(column) for column in zip(*rows, strict=True)))
    found = _without_twins(replace(found, part=found.part.astype("<U10")))
    if store is not None:
        np.savez(store, **{field.name: getattr(found, field.name) for field in fields(Slices)})
    return found


def left_out(slices: Slices, names: Sequence[str]) -> Slices:
    """The same slices with whole sources kept for the test, and nothing left in training that nearly equals them."""
    out = np.isin(slices.sources, [SOURCES.index(name) for name in names])
    drawn = np.isin(slices.sources, [SOURCES.index(name) for name in HEADS]) & (slices.part == "train")
    return _without_twins(replace(slices, part=np.where(out, np.where(drawn, "gap", "test"), slices.part)))


def _without_twins(slices: Slices) -> Slices:
    """Slices of one head resemble each other by nature: only those of the collections are compared."""
    requested = np.flatnonzero(~np.isin(slices.sources, [SOURCES.index(name) for name in HEADS]))
    part = slices.part.copy()
    part[requested] = without_twins(part[requested], slices.images[requested])
    return replace(slices, part=part)


def _row(given: Given) -> Sequence[object]:
    values, crop = grey_values(given.image), head_crop(given.image, HEAD_SIDE)
    brain = brain_mask(crop)
    return (
        (crop.grey * 255 + 0.5).astype(np.uint8),
        crop.mask,
        np.zeros_like(crop.mask) if brain is None else brain,
        _place(given, crop),
        np.int8(
            NOWHERE if given.outline is None and given.box is None else BOXED if given.outline is None else OUTLINED
        ),
        given.label,
        SOURCES.index(given.source),
        given.plane,
        given.part,
        given.number,
        _stretched(values).round().clip(0, 255).astype(np.uint8),
        _stretched(head_mask(values).astype(np.float32)) > 0.5,
        given.patient,
    )


def _place(given: Given, crop: HeadCrop) -> np.ndarray:
    """Where the tumour lies in the standardised picture, bool (160, 160)."""
    if given.outline is not None:
        return cut(given.outline.astype(np.float32), crop.box, HEAD_SIDE, beyond="constant") > 0.5
    if given.box is None:
        return np.zeros((HEAD_SIDE, HEAD_SIDE), bool)
    ratio = HEAD_SIDE / (crop.box.right - crop.box.left)
    shift = np.array([crop.box.left, crop.box.top, 0, 0])
    return ellipse((HEAD_SIDE, HEAD_SIDE), (given.box - shift) * ratio, 1.0)


def _stretched(values: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(values).resize((RAW_SIDE, RAW_SIDE), Image.Resampling.BOX))
