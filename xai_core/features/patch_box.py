"""Where a unit looked in the picture itself, not in the model's input."""

from __future__ import annotations

from collections.abc import Sequence

from xai_core.errors import ImageError
from xai_core.images.head_crop import head_crop
from xai_core.models.preprocess import _box, _resized_size
from xai_core.types import Box, ModelCard, ReceptiveField, SourceImage


def patch_box(
    card: ModelCard, image: SourceImage, field: ReceptiveField, unit: Sequence[int], clipped: bool = True
) -> Box:
    """The receptive field of unit (i, j) or (c, i, j) in picture pixels, without resizing the picture.

    The field's box in input pixels goes back through the crop and the resize of `prepare`; it exceeds the picture where
    padding was seen. clipped: see `ReceptiveField.box`. LayerError: no such unit. ImageError: as `prepare`.
    """
    return box_in_picture(card, image, field, unit, clipped)


def box_in_picture(
    card: ModelCard,
    picture: SourceImage | tuple[int, int] | Box,
    field: ReceptiveField,
    unit: Sequence[int],
    clipped: bool = True,
) -> Box:
    """The same where no more of the picture is at hand than its size (height, width), or the box that is covered."""
    seen = field.box(unit, clipped)
    covered = picture if isinstance(picture, Box) else covered_box(card, picture)
    height, width = field.input_size
    x, y = (covered.right - covered.left) / width, (covered.bottom - covered.top) / height
    return Box(
        covered.left + seen.left * x,
        covered.top + seen.top * y,
        covered.left + seen.right * x,
        covered.top + seen.bottom * y,
    )


def covered_box(card: ModelCard, picture: SourceImage | tuple[int, int]) -> Box:
    """The part of a picture that the model's input covers: the box that `prepare` gives.

    Its size (height, width) tells for most models; one that is cropped to the head must be seen (else ImageError).
    """
    side = card.resize.head_side
    if side is None:
        size = picture if isinstance(picture, tuple) else picture.size
        return _box(card, size, _resized_size(card, *size))
    if isinstance(picture, tuple):
        raise ImageError(f"{card.title} reads the crop to the head, so the picture is needed and not only its size.")
    return head_crop(picture, side).box
