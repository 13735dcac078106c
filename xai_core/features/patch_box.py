"""Where a unit looked in the picture itself, not in the model's input."""

from __future__ import annotations

from collections.abc import Sequence

from xai_core.models.preprocess import covered_box
from xai_core.types import Box, ModelConfig, ReceptiveField, SourceImage


def patch_box(
    config: ModelConfig,
    image: SourceImage | tuple[int, int] | Box,
    field: ReceptiveField,
    unit: Sequence[int],
    clipped: bool = True,
) -> Box:
    """The receptive field of unit (i, j) or (c, i, j) in picture pixels, without resizing the picture.

    The field's box in input pixels goes back through the crop and the resize of `prepare`; it exceeds the picture where
    padding was seen. image: where no more of it is at hand, its size (height, width) or the box that is covered.
    clipped: see `ReceptiveField.box`. LayerError: no such unit. ImageError: as `prepare`.
    """
    seen = field.box(unit, clipped)
    covered = image if isinstance(image, Box) else covered_box(config, image)
    height, width = field.input_size
    x, y = (covered.right - covered.left) / width, (covered.bottom - covered.top) / height
    return Box(
        covered.left + seen.left * x,
        covered.top + seen.top * y,
        covered.left + seen.right * x,
        covered.top + seen.bottom * y,
    )
