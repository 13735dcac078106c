"""Lesions drawn into slices of a real MRI template, beside vessels of the same brightness that mean nothing."""

from functools import cache

import numpy as np
from PIL import Image
from scipy.ndimage import binary_erosion, gaussian_filter, rotate

from xai_core.evaluation.planted.scene import SIDE, Part, Scene, nothing
from xai_core.images.scans.samples import load_scan_sample
from xai_core.images.scans.slicing import slice_values

CLASSES = ("ring", "solid", "no lesion")
_SLICES: dict[Part, tuple[int, ...]] = {  # axial, of the MNI152 template at 1 mm; the parts lie 5 mm apart
    "train": (*range(70, 88, 3), *range(105, 120, 3)),
    "test": tuple(range(93, 101, 2)),
}
_RADIUS = (6.0, 11.0)  # pixels of about 2 mm
_VESSELS = (2, 4)
_BRIGHT = 1.25  # of the brightest tissue: lesion and vessels alike
_DARK = 0.35


def scene(label: int, part: Part, seed: int) -> Scene:
    """A slice with a bright ring around a dark core, a solid bright lesion, or none; always with bright vessels."""
    random = np.random.default_rng([seed, label, part == "test", 3])
    slices = _slices(part)
    grey = _turned(slices[random.integers(len(slices))], random)
    brain = binary_erosion(grey > 0.15, iterations=4)
    bright = _BRIGHT * np.percentile(grey[brain], 95)
    for _ in range(random.integers(*_VESSELS, endpoint=True)):
        grey = _laid(grey, _vessel(brain, random), bright)
    truth = nothing()
    if CLASSES[label] != "no lesion":
        grey, truth = _with_lesion(grey, brain, CLASSES[label], bright, random)
    grey = grey / (1.1 * bright) * random.uniform(0.85, 1.1) + random.normal(0, 0.02, grey.shape)
    pixels = (np.clip(grey, 0, 1) * 255).astype(np.uint8)
    return Scene(np.repeat(pixels[:, :, None], 3, axis=2), label, truth, nothing())


@cache
def _slices(part: Part) -> tuple[np.ndarray, ...]:
    """Slices at 96 x 96, float32 in [0, 1], the head filling them."""
    volume, _ = load_scan_sample("template")
    found = []
    for index in _SLICES[part]:
        values = slice_values(volume, "axial", index)
        rows, columns = (np.flatnonzero((values > values.min()).any(axis=axis)) for axis in (1, 0))
        cut = values[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32)
        height, width = cut.shape
        side = round(1.08 * max(height, width))
        square = np.zeros((side, side), np.float32)
        top, left = (side - height) // 2, (side - width) // 2
        square[top : top + height, left : left + width] = cut / cut.max()
        found.append(np.asarray(Image.fromarray(square).resize((SIDE, SIDE), Image.Resampling.BOX)))
    return tuple(found)


def _turned(grey: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Mirrored, turned by up to 12 degrees and shifted by up to 4 pixels."""
    mirrored = grey[:, ::-1] if random.random() < 0.5 else grey
    turned = rotate(mirrored, random.uniform(-12, 12), reshape=False, order=1)
    shifted: np.ndarray = np.roll(turned, random.integers(-4, 5, 2), axis=(0, 1))
    return shifted.clip(0, 1)


def _with_lesion(
    grey: np.ndarray, brain: np.ndarray, kind: str, bright: float, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    radius = random.uniform(*_RADIUS)
    row, column = _place(binary_erosion(brain, iterations=int(radius)), brain, random)
    y, x = np.mgrid[:SIDE, :SIDE]
    uneven = gaussian_filter(random.normal(size=(SIDE, SIDE)), 4)
    away = np.hypot(y - row, x - column) / (radius * (1 + 0.12 * uneven / uneven.std()))
    drawn = _laid(grey, gaussian_filter((away <= 1).astype(float), 0.7), bright)
    if kind == "ring":
        drawn = _laid(drawn, gaussian_filter((away <= 0.6).astype(float), 0.7), _DARK * bright)
    return drawn, away <= 1


def _vessel(brain: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A thin bent line in the brain, float (96, 96) in [0, 1]."""
    row, column = _place(brain, brain, random)
    angle, drawn = random.uniform(0, 2 * np.pi), np.zeros((SIDE, SIDE))
    for _ in range(random.integers(14, 30)):
        angle += random.normal(0, 0.15)
        row, column = row + np.sin(angle), column + np.cos(angle)
        if not (1 <= row < SIDE - 1 and 1 <= column < SIDE - 1 and brain[int(row), int(column)]):
            break
        drawn[int(row) : int(row) + 2, int(column) : int(column) + 2] = 1
    blurred: np.ndarray = gaussian_filter(drawn, 0.5)
    return blurred


def _place(wanted: np.ndarray, otherwise: np.ndarray, random: np.random.Generator) -> tuple[float, float]:
    places = np.argwhere(wanted if wanted.any() else otherwise)
    row, column = places[random.integers(len(places))]
    return float(row), float(column)


def _laid(grey: np.ndarray, cover: np.ndarray, value: float) -> np.ndarray:
    laid: np.ndarray = grey * (1 - cover) + value * cover
    return laid
