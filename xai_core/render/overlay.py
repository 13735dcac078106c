"""A class map over its picture, drawn as the dashboard's viewer draws it."""

import numpy as np

from xai_core.images.display import display_pixels
from xai_core.render.place import place
from xai_core.render.scale import Evidence, colour_table, has_evidence, shown
from xai_core.types import Explanation, SourceImage

# Evidence below this share of the scale fades out, so that the picture stays readable where there is little.
_RAMP_END = 0.25


def overlay(
    image: SourceImage,
    result: Explanation,
    layer: str | None = None,
    *,
    position: int = 0,
    evidence: Evidence = "for",
    colour_scale: str | None = None,
    opacity: float = 0.55,
    threshold: float = 0.0,
    maximum: float | None = None,
) -> np.ndarray:
    """The picture, as `display_pixels` shows it, with the evidence about one class: uint8 (h, w, 3), at its own size.

    layer: by default the first of the result. position: which of the result's classes. evidence: see `shown`.
    colour_scale: viridis, for both signs vik. opacity in [0, 1]. threshold: hide what lies below this share of the
    scale's end. maximum: that end; by default the map's own. A map without evidence leaves the picture as it is.
    """
    pixels = display_pixels(image)
    name = layer if layer is not None else next(iter(result.maps))
    values, low, high = shown(result.maps[name][position], evidence, pixels=name == "input")
    if high <= 0 or not (low < 0 or has_evidence(values)):
        return pixels.copy()
    placed = np.nan_to_num(place(values, result.box, image.size), nan=0.0) / (maximum or high)
    strength = np.abs(placed) if low < 0 else placed
    ramp = np.clip(strength / _RAMP_END, 0, 1) * (strength >= threshold)
    level = (placed + 1) / 2 if low < 0 else placed
    colours = colour_table(colour_scale or ("vik" if low < 0 else "viridis"))[np.clip(level * 256, 0, 255).astype(int)]
    alpha = (opacity * ramp)[..., None]
    drawn: np.ndarray = np.round(pixels.astype(np.float32) * (1 - alpha) + colours * alpha)
    return drawn.astype(np.uint8)
