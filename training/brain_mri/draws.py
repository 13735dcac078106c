"""What the network is trained on: slices drawn so that every source shows both answers, and where their tumours lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from training.brain_mri.augment import changed, moved, stripped, tones
from training.brain_mri.collection import NOWHERE, Slices
from training.brain_mri.lesion import grown, mirrored_over, painted_over, planted, shifted
from training.brain_mri.sources import NO_TUMOUR, SOURCES, TUMOUR
from xai_core.models.sources.brain_mri import INPUT_SIDE

BATCH = 32
PLACES = 48  # cells a side of the places that the maps are compared with
_PAINTED, _TISSUE = 0.25, 0.1  # of the slices: paint, another slice's healthy tissue, away from the tumour
_PAINTED_OVER, _REPLACED = 0.22, 0.13  # of the slices with a tumour: it is gone, another one is in its place
_PLANTED = 0.25  # of the slices without
_OWN_SIZE = 0.5  # of the paint away from a tumour is as large as the tumour
_STRIPPED = 0.08
_MIRRORED = 0.4  # of what is painted over, where the other side of the head allows it
_DONORS = 16  # of which the one with the most similar head gives its tumour
_NEAR = 0.6  # of the planted tumours stay about where they were, and keep their type


@dataclass(frozen=True, eq=False)
class Drawn:
    """inputs: float32 (n, 3, 192, 192). labels: int64 (n,), into CLASSES or TUMOUR. places: float32 (n, 48, 48) in
    [0, 1], the tumour's share of each cell. known: int64 (n,), as in Slices."""

    inputs: Tensor
    labels: Tensor
    places: Tensor
    known: Tensor


@dataclass(frozen=True, eq=False)
class Pools:
    """What may be drawn: for each pool its weight and its rows; donors: rows with a tumour in a known place; healthy:
    rows without. levels: float32 (n, 33), the tones of each slice. shapes: float32 (n, 256), the heads made small."""

    weights: np.ndarray
    rows: list[np.ndarray]
    donors: np.ndarray
    healthy: np.ndarray
    levels: np.ndarray
    shapes: np.ndarray


@dataclass(frozen=True, eq=False)
class _Case:
    image: np.ndarray
    place: np.ndarray
    label: int
    known: int


_SHARES = (
    ("Cheng", 0, 0.16),
    ("Cheng", 1, 0.15),
    ("Cheng", 3, 0.14),
    ("Br35H", TUMOUR, 0.14),
    ("Br35H", NO_TUMOUR, 0.16),
    ("Sartaj", TUMOUR, 0.02),
    ("Sartaj", 1, 0.025),
    ("Sartaj", 3, 0.015),
    ("Sartaj", NO_TUMOUR, 0.06),
    ("Colin27", NO_TUMOUR, 0.07),
    ("ICBM152", NO_TUMOUR, 0.05),
)


def pools(slices: Slices) -> Pools:
    """The training slices by source and label; a source that is left out leaves its share to the others."""
    train = slices.part == "train"
    found = [
        (share, np.flatnonzero(train & (slices.sources == SOURCES.index(source)) & (slices.labels == label)))
        for source, label, share in _SHARES
    ]
    found = [(share, rows) for share, rows in found if rows.size]
    weights = np.array([share for share, _ in found])
    shapes = slices.heads[:, 5::10, 5::10].reshape(len(slices.heads), -1).astype(np.float32)
    donors = np.flatnonzero(train & (slices.known != NOWHERE))
    healthy = np.flatnonzero(train & (slices.labels == NO_TUMOUR))
    return Pools(weights / weights.sum(), [rows for _, rows in found], donors, healthy, tones(slices.images), shapes)


def batch(slices: Slices, given: Pools, seed: int, step: int) -> Drawn:
    """The batch of one step: the same for the same seed and step, whatever came before."""
    rng, generator = np.random.default_rng([seed, step]), torch.Generator().manual_seed(seed * 1_000_003 + step)
    chosen = [int(rng.choice(given.rows[i])) for i in rng.choice(len(given.weights), size=BATCH, p=given.weights)]
    cases = [_case(slices, given, row, rng) for row in chosen]
    grey = [
        changed(case.image, given.levels[row], given.levels[rng.integers(len(given.levels))], rng)
        for case, row in zip(cases, chosen, strict=True)
    ]
    both = torch.from_numpy(np.stack([np.stack([g, case.place]) for g, case in zip(grey, cases, strict=True)]))
    turned = moved(both.float(), INPUT_SIDE, generator)
    return Drawn(
        as_inputs(turned[:, :1]),
        torch.tensor([case.label for case in cases]),
        F.adaptive_avg_pool2d(turned[:, 1:], PLACES)[:, 0],
        torch.tensor([case.known for case in cases]),
    )


def as_inputs(grey: Tensor) -> Tensor:
    """Grey (n, 1, h, w) in [0, 1] as the network reads it."""
    return ((grey - 0.5) / 0.5).expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)


def _case(slices: Slices, given: Pools, row: int, rng: np.random.Generator) -> _Case:
    """One slice with its tumour painted over, with another one's tumour, with a control's paint, or as it is."""
    case = _Case(slices.images[row], slices.places[row], int(slices.labels[row]), int(slices.known[row]))
    if rng.random() < _STRIPPED and slices.brains[row].any():
        image, place = stripped(case.image, case.place, slices.brains[row])
        case = _Case(image, place, case.label, case.known if place.any() else NOWHERE)
    chance = rng.random()
    if chance < _PAINTED + _TISSUE:
        return _control(slices, given, case, rng, paint=chance < _PAINTED)
    if case.label == NO_TUMOUR and chance > 1 - _PLANTED:
        return _with_tumour(slices, given, row, case, rng)
    if case.known != NOWHERE and chance > 1 - _PAINTED_OVER - _REPLACED:
        gone = _without_tumour(case, rng)
        return gone if chance > 1 - _PAINTED_OVER else _with_tumour(slices, given, row, gone, rng)
    return case


def _without_tumour(case: _Case, rng: np.random.Generator) -> _Case:
    place = grown(case.place, rng.uniform(0.05, 0.5))
    return _Case(_painted(case.image, place, rng), np.zeros_like(case.place), NO_TUMOUR, NOWHERE)


def _painted(image: np.ndarray, place: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    other = mirrored_over(image, place) if rng.random() < _MIRRORED else None
    return painted_over(image, place, rng) if other is None else other


def _with_tumour(slices: Slices, given: Pools, row: int, case: _Case, rng: np.random.Generator) -> _Case:
    """A tumour of a slice whose head has about the same outline, that is about the same plane."""
    donor = _like(given, row, rng)
    near = bool(rng.random() < _NEAR)
    made = planted(case.image, slices.images[donor], slices.places[donor], rng, near=near)
    if made is None:
        return case
    label = int(slices.labels[donor]) if near else TUMOUR
    return _Case(*made, label, int(slices.known[donor]))


def _like(given: Pools, row: int, rng: np.random.Generator) -> int:
    requested = rng.choice(given.donors, min(_DONORS, len(given.donors)), replace=False)
    return int(requested[np.abs(given.shapes[requested] - given.shapes[row]).sum(axis=1).argmin()])


def _control(slices: Slices, given: Pools, case: _Case, rng: np.random.Generator, *, paint: bool) -> _Case:
    """As much paint, or another slice's healthy tissue put in, away from the tumour: label and place stay."""
    own = bool(case.place.any() and rng.random() < _OWN_SIZE)
    like = grown(case.place, 0.3) if own else slices.places[rng.choice(given.donors)]
    place = shifted(like, case.image > 0, grown(case.place, 0.2), rng)
    if place is None or (case.label != NO_TUMOUR and case.known == NOWHERE):
        return case
    if paint:
        return _Case(_painted(case.image, place, rng), case.place, case.label, case.known)
    made = planted(case.image, slices.images[rng.choice(given.healthy)], place, rng, near=True)
    if made is None or (made[1] & case.place).any():
        return case
    return _Case(made[0], case.place, case.label, case.known)
