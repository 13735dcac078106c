"""A slice as the browser gets it: through its window, large enough to be read, with letters at its edges."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dashboard.mri.scan import NO_LETTERS
from dashboard.shared.components.viewer.records import DisplayImage, display_image
from xai_core.images.display import display_pixels
from xai_core.images.scans import Edges
from xai_core.types import Box, SourceImage

LEAST_SIDE = 640  # pixels: letters on fewer would be coarse
_LETTER = 1 / 16  # of the longer side
# The page's own: its "I" has serifs, and is no stroke that could be a line in the picture.
_FONT = Path(__file__).parents[1] / "static" / "fonts" / "plex-sans-latin.woff2"


def display(image: SourceImage, box: Box, letters: Edges = NO_LETTERS) -> DisplayImage:
    """The picture for the viewer; its coordinates stay those of the slice."""
    return DisplayImage(display_image(lettered(display_pixels(image), letters)), image.size, box, image.name)


def lettered(pixels: np.ndarray, letters: Edges) -> np.ndarray:
    """uint8 (h, w, 3) enlarged to a readable size, and towards which side of the patient each edge lies."""
    image = Image.fromarray(np.ascontiguousarray(pixels))
    ratio = LEAST_SIDE / max(image.size)
    if ratio > 1:
        width, height = (max(1, round(side * ratio)) for side in image.size)
        image = image.resize((width, height), Image.Resampling.BICUBIC)
    draw, size = ImageDraw.Draw(image), max(12, round(max(image.size) * _LETTER))
    font = ImageFont.truetype(_FONT, size)
    width, height = image.size
    gap = size // 3
    places = {
        (gap, height // 2, "lm"): letters.left,
        (width - gap, height // 2, "rm"): letters.right,
        (width // 2, gap, "mt"): letters.top,
        (width // 2, height - gap, "mb"): letters.bottom,
    }
    for (x, y, anchor), letter in places.items():
        if letter:
            draw.text((x, y), letter, "white", font, anchor, stroke_width=max(1, size // 10), stroke_fill="black")
    return np.asarray(image)
