"""The highest and lowest places of everything seen so far, for every channel of a layer at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

_PIECE = 1 << 17  # numbers, 512 kB: what is read twice should still lie in the processor's cache
_SIGN = np.array([-1, 1], np.float32)[:, None, None]  # sorted upwards, the highest come first on one side only


@dataclass(frozen=True, eq=False)
class Ranked:
    """Three arrays (2, channels, k): [0] holds the highest places, highest first, [1] the lowest, lowest first.

    values: float32. images: int32, the index of the picture, -1 for a place still free. places: int32, row * width +
    column on the layer's grid. Equal values stand in the order of their pictures; in a picture the first place counts.
    """

    values: np.ndarray
    images: np.ndarray
    places: np.ndarray


def nothing_seen(channels: int, k: int) -> Ranked:
    """k free places on both sides of each channel."""
    values = np.broadcast_to(_SIGN * np.inf, (2, channels, k)).astype(np.float32)
    return Ranked(values, np.full((2, channels, k), -1, np.int32), np.zeros((2, channels, k), np.int32))


def ranked_with(best: Ranked, maps: Tensor, images: Sequence[int], per_image: int = 1) -> Ranked:
    """The best k of `best` and of the maps (n, c, h, w) of later pictures, at most `per_image` places of each.

    images: the index of each of the n. Values that are no numbers get no place.
    """
    n, c = maps.shape[:2]
    rows = maps.detach().float().reshape(n * c, -1)
    most = min(per_image, rows.shape[1])
    values, places = _extremes(rows) if most == 1 else _several(rows, most)
    values, places = (
        array.reshape(2, n, c, most).transpose(0, 2, 1, 3).reshape(2, c, -1) for array in (values, places)
    )
    numbers = np.broadcast_to(np.repeat(np.asarray(images, np.int32), most), values.shape)
    merged = _merged(best, Ranked(values, numbers, places))
    return _placed(merged, rows) if most == 1 else merged


def _merged(best: Ranked, later: Ranked) -> Ranked:
    """Both together. Only channels in which a later value beats the last of the best are sorted: few, after a while."""
    sides, channels = np.nonzero((later.values * _SIGN < best.values[:, :, -1:] * _SIGN).any(axis=2))  # no NaN beats
    ours, theirs = (
        [array[sides, channels] for array in (ranked.values, ranked.images, ranked.places)] for ranked in (best, later)
    )
    both = [np.concatenate(pair, axis=1) for pair in zip(ours, theirs, strict=True)]
    order = np.argsort(both[0] * _SIGN[sides, 0], axis=1, kind="stable")[:, : best.values.shape[2]]  # NaN comes last
    merged = Ranked(best.values.copy(), best.images.copy(), best.places.copy())
    for kept, array in zip((merged.values, merged.images, merged.places), both, strict=True):
        kept[sides, channels] = np.take_along_axis(array, order, axis=1)
    return merged


def _extremes(rows: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """The highest and lowest value of each row, (2, rows), and for places notes that name the row: -1 - its index.

    Where an extreme lies costs more than what it is, and matters only for the few that are kept.
    """
    notes = np.broadcast_to(-1 - np.arange(len(rows), dtype=np.int32), (2, len(rows)))
    if not rows.is_cpu:
        return torch.stack([rows.amax(1), rows.amin(1)]).cpu().numpy(), notes
    values, step = np.empty((2, len(rows)), np.float32), _step(rows)
    for first in range(0, len(rows), step):
        piece, found = rows[first : first + step].numpy(), values[:, first : first + step]
        piece.max(axis=1, out=found[0])
        piece.min(axis=1, out=found[1])
    return values, notes


def _placed(merged: Ranked, rows: Tensor) -> Ranked:
    """The same with places in place of notes."""
    places = merged.places.copy()
    for side in (0, 1):
        notes = places[side] < 0
        places[side][notes] = _arguments(rows, -1 - places[side][notes], highest=side == 0)
    return Ranked(merged.values, merged.images, places)


def _arguments(rows: Tensor, chosen: np.ndarray, highest: bool) -> np.ndarray:
    """Where the chosen rows are highest, or lowest: the first of equals."""
    if not rows.is_cpu:
        return (torch.argmax if highest else torch.argmin)(rows[torch.from_numpy(chosen)], dim=1).cpu().numpy()
    # numpy's search is vectorised and costs a tenth of torch's; its extremes cost four fifths.
    values, find = rows.numpy(), np.argmax if highest else np.argmin
    pieces = np.split(chosen, range(_step(rows), len(chosen), _step(rows)))
    return np.concatenate([find(values[piece], axis=1) for piece in pieces])


def _step(rows: Tensor) -> int:
    return max(1, _PIECE // rows.shape[1])


def _several(rows: Tensor, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Values and places (2, rows, most) of the extremes of each row, the first of equals first."""
    every = np.arange(len(rows))
    found = np.empty((2, len(rows), most), np.int64)
    for side in (0, 1):
        left = rows.clone()
        for rank in range(most):
            found[side, :, rank] = _arguments(left, every, highest=side == 0)
            left[every, found[side, :, rank]] = float(_SIGN[side, 0, 0]) * torch.inf
    values = rows.cpu().numpy()[every[:, None], found]
    return values, found.astype(np.int32)
