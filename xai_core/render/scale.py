"""From raw signed maps to what may be drawn: one scale for what is shown together, and an honest "nothing here".

Colour scales are perceptually even and readable by colour-blind eyes; no jet.
"""

from functools import cache
from typing import Literal, get_args

import cmap
import numpy as np

from xai_core.errors import SettingError

Evidence = Literal["for", "against", "both"]

PIXEL_PERCENTILE = 99.5

# Below this share of the map's own largest magnitude a positive value is rounding, not evidence.
_TOLERANCE = 1e-6
SEQUENTIAL = {
    "viridis": "bids:viridis",
    "cividis": "cividis:cividis",
    "magma": "bids:magma",
    "inferno": "bids:inferno",
    "greys": "crameri:grayC",
}
DIVERGING = {"vik": "crameri:vik", "broc": "crameri:broc", "puor": "colorbrewer:PuOr_r"}


def has_evidence(raw: np.ndarray) -> bool:
    """Whether a signed map (h, w) holds positive evidence beyond rounding on its own scale."""
    return bool(raw.max() > _TOLERANCE * np.abs(raw).max())


def shown(raw: np.ndarray, evidence: Evidence, *, pixels: bool = False) -> tuple[np.ndarray, float, float]:
    """What is drawn of a signed map and the ends of its colour scale: (values, vmin, vmax).

    for: the positive part from 0 up. against: what lowers the score, its sign flipped (the counterfactual of the
    Grad-CAM paper). both: the signed map on a scale that is symmetric around 0. pixels: a pixel-level map, whose scale
    ends at the 99.5th percentile, because a few strong pixels would leave all others pale.
    """
    if evidence not in get_args(Evidence):
        raise SettingError(f"evidence is one of {', '.join(get_args(Evidence))}; {evidence!r} was given.")
    values = -raw if evidence == "against" else raw
    strength = np.abs(values) if evidence == "both" else np.clip(values, 0, None)
    top = float(strength.max())
    if pixels:
        top = float(np.percentile(strength, PIXEL_PERCENTILE)) or top
    return values, (-top if evidence == "both" else 0.0), top


@cache
def colour_table(name: str) -> np.ndarray:
    """The scale's 256 colours: uint8 (256, 3) RGB, lowest value first; KeyError for an unknown name."""
    return np.round(255 * cmap.Colormap((SEQUENTIAL | DIVERGING)[name]).lut(256)[:, :3]).astype(np.uint8)
