"""Random changes that leave the disease and take the origin: tone, sharpness, noise, JPEG, framing."""

from __future__ import annotations

import io

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from scipy import ndimage
from torch import Tensor

_LEVELS = np.linspace(0, 1, 33)


def tones(images: np.ndarray) -> np.ndarray:
    """The grey levels of each head: float32 (n, 33) quantiles of what is not black, of uint8 (n, side, side)."""
    return np.stack([np.quantile(p[p > 0], _LEVELS) if p.any() else _LEVELS * 255 for p in images]).astype(np.float32)


def changed(image: np.ndarray, own: np.ndarray, donor: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One picture uint8 (side, side) as float32 in [0, 1], what was black outside the head still black.

    own, donor: the tones (33,) of this picture and of another one of any class, which it may be given.
    """
    head = image > 0
    grey = image.astype(np.float32)
    if rng.random() < 0.5:
        grey = np.interp(grey, own, donor).astype(np.float32)
    grey = np.clip(grey / 255, 0, 1) ** np.exp(rng.normal(0, 0.25))
    grey = grey * _bias_field(grey.shape, rng)
    if rng.random() < 0.6:
        grey = ndimage.gaussian_filter(grey, rng.uniform(0.2, 1.3))
    grey = grey + rng.normal(0, 1, grey.shape).astype(np.float32) * rng.uniform(0, 0.05)
    if rng.random() < 0.4:
        grey = _through_jpeg(np.where(head, grey, 0), int(rng.integers(25, 90)))
    return np.clip(np.where(head & _frame(grey.shape, rng), grey, 0), 0, 1).astype(np.float32)


def _bias_field(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """A smooth factor about one, as a coil's uneven sensitivity."""
    field = Image.fromarray(rng.normal(0, 0.15, (4, 4)).astype(np.float32))
    return np.exp(np.asarray(field.resize((shape[1], shape[0]), Image.Resampling.BICUBIC)))


def _through_jpeg(grey: np.ndarray, quality: int) -> np.ndarray:
    stream = io.BytesIO()
    Image.fromarray((np.clip(grey, 0, 1) * 255).astype(np.uint8)).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream), dtype=np.float32) / 255


def _frame(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Where the picture stays: sometimes a strip at one side is cut off, or a rounded frame is laid on."""
    height, width = shape
    stays = np.ones(shape, bool)
    if rng.random() < 0.3:
        cut = int(rng.uniform(0, 0.2) * height)
        side = rng.integers(4)
        stays = np.rot90(np.arange(height)[:, None] >= cut, k=side) & stays
    if rng.random() < 0.3:
        y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        power = rng.uniform(2, 4)
        stays = stays & (np.abs(x / rng.uniform(0.85, 1.05)) ** power + np.abs(y / rng.uniform(0.9, 1.05)) ** power < 1)
    return stays


def moved(images: Tensor, side: int, generator: torch.Generator) -> Tensor:
    """Pictures (n, 1, h, w) at `side` x `side`, each turned, scaled, stretched, shifted, mirrored at random."""
    n = len(images)
    turn, scale, stretch = (torch.rand(3, n, generator=generator) - 0.5) * torch.tensor([[0.5], [0.35], [0.2]])
    shift = (torch.rand(n, 2, 1, generator=generator) - 0.5) * 0.2
    mirror = torch.where(torch.rand(n, generator=generator) < 0.5, -1.0, 1.0)
    wide, high = (1 + scale) * (1 + stretch), (1 + scale) * (1 - stretch)
    linear = torch.stack(
        [mirror * turn.cos() * wide, -turn.sin() * wide, mirror * turn.sin() * high, turn.cos() * high], dim=1
    ).view(n, 2, 2)
    grid = F.affine_grid(torch.cat([linear, shift], dim=2), [n, 1, side, side], align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)
