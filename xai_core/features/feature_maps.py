"""The feature maps of one picture: which channels matter most, and which units fire at a place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from xai_core.errors import LayerError
from xai_core.forward.forward_pass import ForwardPass, maps_of, score_gradients
from xai_core.forward.target import Target
from xai_core.types import Box

MapOrder = Literal["peak", "mean", "contribution"]


def feature_maps(forward_pass: ForwardPass, layer: str) -> np.ndarray:
    """The activations of one picture: float32 (c, h, w); LayerError where they are no maps or were not kept."""
    if layer not in forward_pass.activations:
        raise LayerError(f"The pass kept {', '.join(forward_pass.activations)}, not layer '{layer}'; trace it as well.")
    activations = forward_pass.activations[layer].detach()
    if activations.ndim == 4:
        maps_of(forward_pass, layer)
    if activations.ndim != 4 or len(activations) != 1:
        raise LayerError(
            f"Layer '{layer}' gives {tuple(activations.shape)}; the maps (1, c, h, w) of a picture are needed."
        )
    return activations[0].float().cpu().numpy()


def map_weights(forward_pass: ForwardPass, layer: str, target: Target) -> np.ndarray:
    """alpha_k of Grad-CAM: float32 (c,), the mean gradient of the explained number over each channel.

    target: classes (1, 1). Selvaraju et al. 2017, equation 1. LayerError: the layer has no influence on the score.
    """
    return score_gradients(forward_pass, target, [layer])[layer][0].mean(dim=(1, 2)).float().cpu().numpy()


def contributions(maps: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """What each channel adds to the class map: float32 (c,), alpha_k times the sum of its map (c, h, w).

    At the last layer before global average pooling and a linear layer they sum to the score less the bias.
    """
    added: np.ndarray = weights * maps.sum(axis=(1, 2))
    return added


def peak_place(maps: np.ndarray, channel: int) -> tuple[int, int]:
    """Row and column of a channel's highest unit, the first of equals."""
    i, j = np.unravel_index(maps[channel].argmax(), maps.shape[1:])
    return int(i), int(j)


@dataclass(frozen=True)
class FiringUnit:
    """channel: of the unit. activation: at the place. of_peak: that in relation to the channel's highest, at most 1."""

    channel: int
    activation: float
    of_peak: float


def units_at(
    maps: np.ndarray, i: int, j: int, k: int = 9, by: Literal["activation", "of_peak"] = "activation"
) -> tuple[FiringUnit, ...]:
    """Up to k units of maps (c, h, w) that fire (are positive) at row i and column j, the strongest first.

    by: "activation", in the network's own numbers; or "of_peak", which lets channels of a small scale come first too.
    LayerError: the grid has no such place.
    """
    height, width = maps.shape[1:]
    if not (0 <= i < height and 0 <= j < width):
        raise LayerError(f"The layer's grid is {height} x {width}, so it has no place ({i}, {j}); places count from 0.")
    here, peaks = maps[:, i, j], maps.max(axis=(1, 2))
    units = [FiringUnit(int(c), float(here[c]), float(here[c] / peaks[c])) for c in np.flatnonzero(here > 0)]
    return tuple(sorted(units, key=lambda unit: -getattr(unit, by))[:k])


def place_of_pixel(box: Box, grid: Sequence[int], x: float, y: float) -> tuple[int, int] | None:
    """The unit (i, j) of a grid (h, w) in whose cell of the picture a pixel lies; None outside what the model saw.

    box: the part of the picture that the grid covers. x, y: in picture pixels from its top left corner.
    """
    i = math.floor((y - box.top) / (box.bottom - box.top) * grid[0])
    j = math.floor((x - box.left) / (box.right - box.left) * grid[1])
    return (i, j) if 0 <= i < grid[0] and 0 <= j < grid[1] else None
