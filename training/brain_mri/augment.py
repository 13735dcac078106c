"""Random changes that leave the disease and take the origin: contrast, sharpness, noise, JPEG, framing, shape."""

from __future__ import annotations

import io

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from scipy import ndimage
from torch import Tensor

_LEVELS = np.linspace(0, 1, 33)
_REMAPPED, _TONED = 0.3, 0.35  # of the slices: a random contrast curve; the grey levels of another slice
_FOLDED = 0.5  # of the curves turn dark and bright about, as T2 does with T1
_BENT = 0.03  # of the side: how far a head is bent out of shape


def tones(images: np.ndarray) -> np.ndarray:
    """The grey levels of each head: float32 (n, 33) quantiles of what is not black, of uint8 (n, side, side)."""
    return np.stack([np.quantile(p[p > 0], _LEVELS) if p.any() else _LEVELS * 255 for p in images]).astype(np.float32)


def changed(image: np.ndarray, own: np.ndarray, donor: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One picture uint8 (side, side) as float32 in [0, 1], what was black outside the head still black.

    own, donor: the tones (33,) of this picture and of another one of any class, which it may be given.
    """
    head = image > 0
    grey = image.astype(np.float32)
    chance = rng.random()
    if chance < _TONED:
        grey = np.interp(grey, own, donor).astype(np.float32)
    elif chance < _TONED + _REMAPPED:
        grey = np.interp(grey, *_curve(own, rng)).astype(np.float32)
    grey = np.clip(grey / 255, 0, 1) ** np.exp(rng.normal(0, 0.25))
    grey = grey * _bias_field(grey.shape, rng)
    if rng.random() < 0.6:
        grey = ndimage.gaussian_filter(grey, rng.uniform(0.2, 1.3))
    grey = grey + rng.standard_normal(grey.shape, np.float32) * np.float32(rng.uniform(0, 0.05))
    if rng.random() < 0.4:
        grey = _through_jpeg(np.where(head, grey, 0), int(rng.integers(25, 90)))
    return np.clip(np.where(head & _frame(grey.shape, rng), grey, 0), 0, 1).astype(np.float32)


def _curve(own: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A contrast curve through the slice's own dark, middle and bright levels: rising, or bent back once."""
    knots = own[[0, 5, 11, 16, 21, 27, 32]] + np.arange(7) * 1e-3
    levels = np.cumsum(rng.uniform(0.05, 1, 7))
    if rng.random() < _FOLDED:
        turn = rng.integers(1, 6)
        levels = np.abs(levels - levels[turn]) * rng.choice([1, -1])
    levels = (levels - levels.min()) / (levels.max() - levels.min())
    return knots, 255 * levels


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
    if rng.random() < 0.2:
        cut = int(rng.uniform(0, 0.15) * height)
        side = rng.integers(4)
        stays = np.rot90(np.arange(height)[:, None] >= cut, k=side) & stays
    if rng.random() < 0.2:
        y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        power = rng.uniform(2, 4)
        stays = stays & (np.abs(x / rng.uniform(0.9, 1.05)) ** power + np.abs(y / rng.uniform(0.9, 1.05)) ** power < 1)
    return stays


def stripped(image: np.ndarray, place: np.ndarray, brain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Picture and place with the brain alone, as large as the head was; what of a tumour juts out stays."""
    kept = brain | (place & ndimage.binary_dilation(brain, iterations=4))
    rows, columns = np.flatnonzero(kept.any(axis=1)), np.flatnonzero(kept.any(axis=0))
    half = 0.53 * max(np.ptp(rows), np.ptp(columns))
    y, x = (rows[0] + rows[-1]) / 2, (columns[0] + columns[-1]) / 2
    box = (max(x - half, 0), max(y - half, 0), min(x + half, len(kept)), min(y + half, len(kept)))
    return _resized(np.where(kept, np.maximum(image, 1), 0), box), _resized(place * np.uint8(255), box) > 127


def _resized(values: np.ndarray, box: tuple[float, ...]) -> np.ndarray:
    image = Image.fromarray(values.astype(np.uint8))
    return np.asarray(image.resize(image.size, Image.Resampling.BILINEAR, box=box))


def moved(images: Tensor, side: int, generator: torch.Generator) -> Tensor:
    """Pictures (n, c, h, w) at `side` x `side`, each turned, scaled, stretched, shifted, bent, mirrored at random."""
    n = len(images)
    turn, scale, stretch = (torch.rand(3, n, generator=generator) - 0.5) * torch.tensor([[0.5], [0.35], [0.2]])
    shift = (torch.rand(n, 2, 1, generator=generator) - 0.5) * 0.2
    mirror = torch.where(torch.rand(n, generator=generator) < 0.5, -1.0, 1.0)
    wide, high = (1 + scale) * (1 + stretch), (1 + scale) * (1 - stretch)
    linear = torch.stack(
        [mirror * turn.cos() * wide, -turn.sin() * wide, mirror * turn.sin() * high, turn.cos() * high], dim=1
    ).view(n, 2, 2)
    grid = F.affine_grid(torch.cat([linear, shift], dim=2), [n, 1, side, side], align_corners=False)
    bends = torch.randn(n, 2, 5, 5, generator=generator) * _BENT
    bent = F.interpolate(bends, size=(side, side), mode="bicubic", align_corners=True)
    return F.grid_sample(images, grid + bent.permute(0, 2, 3, 1), align_corners=False)
