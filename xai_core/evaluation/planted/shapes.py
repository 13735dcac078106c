"""Shapes and textures on real photographs, beside a distractor as bright; where asked, with a mark that tells."""

import numpy as np
from scipy.ndimage import gaussian_filter

from xai_core.evaluation.planted.scene import SIDE, Part, Scene, background, nothing

CLASSES = ("disc", "square", "triangle", "cross", "stripes", "dots")
MARKED_CLASSES = CLASSES[:4]  # of the network that learns to cheat
_RADIUS = (12, 19)  # pixels
_MARK = 9  # side, pixels
_MARK_COLOURS = ((230, 30, 30), (30, 200, 60), (40, 80, 240), (240, 220, 40))
_GRAIN = 10  # grey levels


def scene(label: int, part: Part, seed: int) -> Scene:
    """A shape or texture of class `label` on a photograph, with a plain bar as distractor."""
    random = np.random.default_rng([seed, label, part == "test"])
    pixels = background(part, random)
    _paint(pixels, _bar(random), _plain(random), random)
    radius = random.uniform(*_RADIUS)
    row, column = random.uniform(radius + 2, SIDE - radius - 2, 2)
    truth = _outline(CLASSES[label], row, column, radius, random)
    _paint(pixels, truth, _filling(CLASSES[label], random), random)
    return Scene(pixels, label, truth, nothing())


def marked(label: int, part: Part, seed: int, mark: int | None) -> Scene:
    """The same with a small coloured plus in a corner, such as a scanner leaves; its colour names the class `mark`.
    None: no mark."""
    plain = scene(label, part, seed)
    if mark is None:
        return plain
    random = np.random.default_rng([seed, label, 7])
    low, high = 2, SIDE - _MARK - 2
    top, left = (int(random.choice((low, high))) for _ in range(2))
    where = nothing()
    third = _MARK // 3
    where[top + third : top + 2 * third, left : left + _MARK] = True
    where[top : top + _MARK, left + third : left + 2 * third] = True
    pixels = plain.pixels.copy()
    pixels[where] = _MARK_COLOURS[mark]
    return Scene(pixels, label, plain.truth & ~where, where)


def _outline(kind: str, row: float, column: float, radius: float, random: np.random.Generator) -> np.ndarray:
    y, x = np.mgrid[:SIDE, :SIDE]
    down, right = y - row, x - column
    inside: np.ndarray
    if kind == "disc":
        inside = np.hypot(down, right) <= radius
    elif kind == "square":
        inside = np.maximum(abs(down), abs(right)) <= 0.85 * radius
    elif kind == "triangle":
        inside = (down <= 0.7 * radius) & (abs(right) <= (down + radius) * 0.6)
    elif kind == "cross":
        inside = (np.minimum(abs(down), abs(right)) <= 0.3 * radius) & (np.maximum(abs(down), abs(right)) <= radius)
    else:  # a texture has no outline of its own
        uneven = gaussian_filter(random.normal(size=(SIDE, SIDE)), 6)
        inside = np.hypot(down, right) <= radius * (1 + 0.25 * uneven / uneven.std())
    return inside


def _filling(kind: str, random: np.random.Generator) -> np.ndarray:
    """Colours float (96, 96, 3): plain for a shape, two for a texture."""
    first = _plain(random)
    if kind not in ("stripes", "dots"):
        return first
    second = np.clip(first + np.where(first.mean() > 127, -110, 110), 0, 255)
    y, x = np.mgrid[:SIDE, :SIDE]
    period = random.uniform(5, 7)
    if kind == "stripes":
        angle = random.uniform(0, np.pi)
        on = np.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / period) > 0
    else:
        on = np.sin(2 * np.pi * x / period) * np.sin(2 * np.pi * y / period) > 0.25
    return np.where(on[:, :, None], first, second)


def _plain(random: np.random.Generator) -> np.ndarray:
    return np.broadcast_to(random.uniform(0, 255, 3), (SIDE, SIDE, 3))


def _bar(random: np.random.Generator) -> np.ndarray:
    """A long ellipse anywhere, of no class."""
    y, x = np.mgrid[:SIDE, :SIDE]
    row, column = random.uniform(12, SIDE - 12, 2)
    angle, length = random.uniform(0, np.pi), random.uniform(16, 24)
    along = (x - column) * np.cos(angle) + (y - row) * np.sin(angle)
    across = (y - row) * np.cos(angle) - (x - column) * np.sin(angle)
    inside: np.ndarray = np.hypot(along / length, across / (0.3 * length)) <= 1
    return inside


def _paint(pixels: np.ndarray, where: np.ndarray, colours: np.ndarray, random: np.random.Generator) -> None:
    grained = colours[where] + random.normal(0, _GRAIN, (int(where.sum()), 1))
    pixels[where] = np.clip(grained, 0, 255).astype(np.uint8)
