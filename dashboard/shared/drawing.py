"""A result in the viewer: what every page with a map shows in the same words and on the same scale."""

from dataclasses import dataclass

import numpy as np

from dashboard.shared import cached
from dashboard.shared.components.viewer import Click, DisplayImage, Heat, ViewerOptions, viewer
from xai_core.attribution.catalog import find_method
from xai_core.attribution.method import INPUT
from xai_core.render.describe import describe
from xai_core.render.recipe import recipe_line
from xai_core.render.scale import PIXEL_PERCENTILE, Evidence, has_evidence, shown
from xai_core.types import Explanation, SourceImage

TILE_SIDE = 448  # twice a tile's width on the page, for dense screens
NO_EVIDENCE = {
    "for": "No positive evidence for this class at this layer.",
    "against": "No evidence against this class at this layer.",
    "both": "No evidence for or against this class at this layer.",
}
LABELS = {"for": "evidence for", "against": "evidence against", "both": "evidence against, for"}


@dataclass(frozen=True)
class Look:
    """How a viewer stands on its page. link: share the pointer with viewers of that name. maximum: the end of a scale
    that several viewers share. settings_of, compact: the drawing controls stand at the viewer of that key.
    """

    key: str
    link: str | None = None
    maximum: float | None = None
    settings_of: str | None = None
    compact: bool = False


def draw(image: SourceImage, result: Explanation, layer: str, evidence: Evidence, look: Look) -> Click | None:
    """Show a result over its picture; gives the point that was just clicked."""
    method = find_method(result.method)
    values, low, high = shown(result.maps[layer][0], evidence, pixels=layer == INPUT)
    note = ""
    if look.maximum is not None:
        low, high = (-look.maximum if evidence == "both" else 0.0), look.maximum
    elif layer == INPUT:
        note = f" · scale ends at the {PIXEL_PERCENTILE}th percentile, largest {np.abs(values).max():.3g}"
    return viewer(
        image_of_result(image, result),
        Heat(values, high, f"{method.title}: {LABELS[evidence]}", layer, describe(values), vmin=low),
        ViewerOptions(
            caption=recipe_line(result, method.title, layer, evidence=evidence) + note,
            message=None if _visible(values, evidence) else NO_EVIDENCE[evidence],
            link=look.link,
            settings_of=look.settings_of,
            compact=look.compact,
        ),
        key=look.key,
    )


def image_of_result(image: SourceImage, result: Explanation) -> DisplayImage:
    """The picture as the browser gets it, with the box that the model saw."""
    return cached.image(image, result.box)


def tile_of_result(image: SourceImage, result: Explanation) -> DisplayImage:
    """The same for small tiles: fewer pixels to send and to decode."""
    return cached.image(image, result.box, TILE_SIDE)


def _visible(values: np.ndarray, evidence: Evidence) -> bool:
    return bool(values.any()) if evidence == "both" else has_evidence(values)
