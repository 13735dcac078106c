"""Colours that tell classes apart, on a light page and on a dark one."""

import warnings
from functools import cache

import numpy as np
from skimage.color import lab2rgb, rgb2lab

# Ten hues whose lightness also differs; the names stand in the legend, so colour never tells a class alone.
LIGHT_TEN = "#0b7f86 #e0761a #4a4fc4 #c43b86 #5a9c28 #8a5326 #2c93dd #c9362f #97870a #a25fd0"
DARK_TEN = "#3fc4c6 #f5a14b #8c93ff #f37fbe #93d067 #b08058 #62c3fb #ff7468 #dcd04a #c7a2f5"
OTHER = {False: "#8b989c", True: "#76868c"}  # what has no colour of its own


@cache
def category_table(count: int, dark: bool) -> np.ndarray:
    """uint8 (count, 3) RGB: ten tuned colours, then each time the one farthest from all before (Glasbey 2007).

    The candidates are muted and stand out from the page.
    """
    colours = np.array([rgb_of(text) for text in (DARK_TEN if dark else LIGHT_TEN).split()], np.uint8)
    candidates = _candidates(dark)
    places = rgb2lab(candidates)
    far = np.linalg.norm(places[:, None] - rgb2lab(colours)[None], axis=2).min(axis=1)
    while len(colours) < count:
        best = int(far.argmax())
        colours = np.vstack([colours, candidates[best]])
        far = np.minimum(far, np.linalg.norm(places - places[best], axis=1))
    return colours[:count]


def _candidates(dark: bool) -> np.ndarray:
    """uint8 (n, 3): colours of CIELAB within a range of lightness and chroma."""
    lightness = np.linspace(52, 80, 9) if dark else np.linspace(32, 64, 9)
    grid = np.meshgrid(lightness, [20, 34, 48, 60], np.arange(0, 2 * np.pi, np.pi / 18))
    light, chroma, hue = (axis.ravel() for axis in grid)
    lab = np.column_stack([light, chroma * np.cos(hue), chroma * np.sin(hue)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # colours beyond sRGB are clipped, and left out below
        colours = np.rint(255 * lab2rgb(lab)).astype(np.uint8)
    found: np.ndarray = colours[np.linalg.norm(rgb2lab(colours) - lab, axis=1) < 2]
    return found


def rgb_of(text: str) -> tuple[int, int, int]:
    """#rrggbb as three numbers."""
    return (int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16))
