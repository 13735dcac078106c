"""A picture with known evidence, and the photographs that it is painted on."""

import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from xai_core.errors import ImageError

Part = Literal["train", "test"]
SIDE = 96
# No photograph, and no view of the same scene, is in both parts.
_PHOTOGRAPHS: dict[Part, tuple[str, ...]] = {
    "train": ("chelsea.png", "coffee.png", "rocket.jpg", "motorcycle_left.png", "brick.png", "grass.png", "ihc.png"),
    "test": ("astronaut.png", "camera.png", "coins.png", "gravel.png", "retina.jpg", "moon.png"),
}


@dataclass(frozen=True, eq=False)
class Scene:
    """pixels: uint8 (96, 96, 3). label: the class. truth: bool (96, 96), the pixels that make it this class; none where
    the class means that nothing is there. shortcut: bool (96, 96), a mark that gives the class away without them.
    """

    pixels: np.ndarray
    label: int
    truth: np.ndarray
    shortcut: np.ndarray


@cache
def photographs(part: Part) -> tuple[np.ndarray, ...]:
    """Photographs that scikit-image ships: uint8 (h, w, 3), read-only. ImageError where it is not installed."""
    spec = importlib.util.find_spec("skimage")  # without importing it
    if spec is None or not spec.submodule_search_locations:
        raise ImageError("The photographs come with scikit-image, which is not installed; install it.")
    folder = Path(spec.submodule_search_locations[0]) / "data"
    found = []
    for name in _PHOTOGRAPHS[part]:
        with Image.open(folder / name) as image:
            pixels = np.asarray(image.convert("RGB"))
        pixels.setflags(write=False)
        found.append(pixels)
    return tuple(found)


def background(part: Part, random: np.random.Generator) -> np.ndarray:
    """A random part of a photograph, mirrored half of the time: uint8 (96, 96, 3)."""
    photograph = photographs(part)[random.integers(len(_PHOTOGRAPHS[part]))]
    height, width = photograph.shape[:2]
    side = int(random.integers(SIDE, min(height, width, 4 * SIDE) + 1))
    top, left = (int(random.integers(length - side + 1)) for length in (height, width))
    crop = Image.fromarray(photograph[top : top + side, left : left + side])
    pixels = np.asarray(crop.resize((SIDE, SIDE), Image.Resampling.BOX))
    return (pixels[:, ::-1] if random.random() < 0.5 else pixels).copy()


def nothing() -> np.ndarray:
    """An empty mask."""
    return np.zeros((SIDE, SIDE), bool)
