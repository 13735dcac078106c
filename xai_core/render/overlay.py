"""A class map over its picture, drawn as the dashboard's viewer draws it."""

from __future__ import annotations

import numpy as np

from xai_core.render.colour import colour_table
from xai_core.render.place import place
from xai_core.render.scale import has_evidence
from xai_core.types import Explanation, SourceImage

# Evidence below this share of the scale fades out, so that the picture stays readable where there is little.
_RAMP_END = 0.25


def overlay(
    image: SourceImage,
    result: Explanation,
    layer: str | None = None,
    *,
    position: int = 0,
    colour_scale: str = "viridis",
    opacity: float = 0.55,
    threshold: float = 0.0,
    maximum: float | None = None,
) -> np.ndarray:
    """The picture with the positive evidence for one class on it: uint8 (h, w, 3) at the picture's own size.

    layer: by default the first of the result. position: which of the result's classes. opacity in [0, 1].
    threshold: hide what lies below this share of the scale's maximum. maximum: the scale's upper end; by default the
    map's own. A map without positive evidence leaves the picture as it is.
    """
    raw = result.maps[layer if layer is not None else next(iter(result.maps))][position]
    pixels = image.pixels.astype(np.float32)
    if not has_evidence(raw):
        return image.pixels.copy()
    values = np.nan_to_num(place(raw, result.box, image.size), nan=0.0) / (maximum or float(raw.max()))
    ramp = np.clip(values / _RAMP_END, 0, 1) * (values >= threshold)
    colours = colour_table(colour_scale)[np.clip(values * 256, 0, 255).astype(int)]
    alpha = (opacity * ramp)[..., None]
    return np.round(pixels * (1 - alpha) + colours * alpha).astype(np.uint8)
