"""Could it see that finely? The grid of a map and what one of its cells sees, to scale, and where the evidence lies."""

from dataclasses import dataclass

import numpy as np

from xai_core.attribution.explain import ImageForwardPass
from xai_core.attribution.method import INPUT
from xai_core.errors import SightlineError
from xai_core.evaluation.check import Check, Drawing, Level, ToScale
from xai_core.evaluation.map_under_test import MapUnderTest
from xai_core.forward.receptive_field import receptive_field
from xai_core.images.head_crop import head_crop
from xai_core.render.place import resample
from xai_core.render.recipe import percent
from xai_core.types import Box

FRAME = 0.1  # of each side: the outer frame of a picture
OUTSIDE = 0.6  # evidence outside the object, as a share of the area there, up to which it counts as on the object


@dataclass(frozen=True)
class Resolution:
    """Lengths are (height, width) in pixels of the picture. grid: the map's cells (h, w). cell: one of them.

    strongest: row and column of the map's highest cell. field: the box that this cell sees, None for a map of pixels.
    whole: whether it sees the whole input, and so could use anything in it. spacing_mm: of the picture's pixels,
    where that is known. outside: share of the positive evidence outside the object, and area, the share of the input
    there; outside the head for a slice, else in the outer frame (`known` is False), which says less.
    """

    grid: tuple[int, int]
    cell: tuple[float, float]
    strongest: tuple[int, int]
    field: Box | None
    whole: bool
    spacing_mm: tuple[float, float] | None
    outside: float
    area: float
    known: bool

    def in_mm(self, size: tuple[float, float]) -> tuple[float, float] | None:
        """A (height, width) in pixels of the picture, in millimetres."""
        if self.spacing_mm is None:
            return None
        return size[0] * self.spacing_mm[0], size[1] * self.spacing_mm[1]


def resolution_check(image_pass: ImageForwardPass, layer: str, values: np.ndarray) -> Resolution:
    """How fine a map (h, w) of a layer, or of the input's pixels, can be at all: no pass of the network."""
    rows, columns = values.shape
    box = image_pass.given.box
    strongest = np.unravel_index(int(values.argmax()), values.shape)
    place = (int(strongest[0]), int(strongest[1]))
    field, whole = (None, False) if layer == INPUT else _field(image_pass, layer, place)
    inside, known = _object(image_pass)
    return Resolution(
        grid=(rows, columns),
        cell=((box.bottom - box.top) / rows, (box.right - box.left) / columns),
        strongest=place,
        field=field,
        whole=whole,
        spacing_mm=image_pass.image.spacing_mm,
        outside=1 - share_inside(values, inside),
        area=float(1 - inside.mean()),
        known=known,
    )


def share_inside(values: np.ndarray, inside: np.ndarray) -> float:
    """The share of a map's positive evidence (h, w) in a mask, bool (H, W), over the same box; NaN without any."""
    positive = np.clip(values if values.shape == inside.shape else resample(values, inside.shape), 0, None)
    total = float(positive.sum())
    return float(positive[inside].sum()) / total if total > 0 else float("nan")


def outer_frame(size: tuple[int, int], share: float = FRAME) -> np.ndarray:
    """bool `size`: True in the frame along the edge, `share` of each side wide and at least one pixel."""
    frame = np.ones(size, bool)
    rows, columns = (max(1, round(share * length)) for length in size)
    frame[rows:-rows, columns:-columns] = False
    return frame


def _object(image_pass: ImageForwardPass) -> tuple[np.ndarray, bool]:
    """The head where the model reads heads and one was found, else all but the outer frame; over the input's box."""
    side = image_pass.model.config.resize.head_side
    if side is not None:
        crop = head_crop(image_pass.image, side)
        if crop.found:
            return crop.mask, True
    return ~outer_frame(image_pass.model.config.input_size), False


def _field(image_pass: ImageForwardPass, layer: str, unit: tuple[int, int]) -> tuple[Box | None, bool]:
    """What a unit sees, in pixels of the picture; None where the network does not say."""
    config, box = image_pass.model.config, image_pass.given.box
    rows, columns = config.input_size
    try:
        found = receptive_field(image_pass.model.module, layer, (len(config.mean), rows, columns))
    except SightlineError:
        return None, False
    if found.whole:
        return box, True
    seen = found.box(unit)
    y, x = (box.bottom - box.top) / rows, (box.right - box.left) / columns
    placed = Box(box.left + seen.left * x, box.top + seen.top * y, box.left + seen.right * x, box.top + seen.bottom * y)
    return placed, (seen.left, seen.top, seen.right, seen.bottom) == (0, 0, columns, rows)


def _level(found: Resolution) -> Level | None:
    """Only where the object is known. bad: no more of the evidence lies on it than of the area. good: clearly more."""
    if not found.known or np.isnan(found.outside):
        return None
    return "bad" if found.outside >= found.area else "good" if found.outside <= OUTSIDE * found.area else "unclear"


def _summary(found: Resolution, _tested: MapUnderTest) -> str:
    rows, columns = found.grid
    if found.known:
        return (
            f"**{percent(found.outside)}** of the evidence lies outside the head, on {percent(found.area)} of the area."
        )
    if found.field is None:
        return f"The map has a value for each of the **{rows} × {columns}** pixels that the model reads."
    return f"The map has **{rows} × {columns}** cells of {found.cell[0]:.0f} × {found.cell[1]:.0f} pixels."


def _details(found: Resolution, _tested: MapUnderTest) -> str:
    rows, columns = found.grid
    where = "outside the head" if found.known else f"in the outer {percent(FRAME)} frame of the picture"
    lies = (
        f"{percent(found.outside)} of the evidence lies {where}, which is {percent(found.area)} of what the model saw."
    )
    if found.field is None:
        return f"This map has a value for each of the {rows} × {columns} pixels that the model reads. {lies}"
    field = (found.field.bottom - found.field.top, found.field.right - found.field.left)
    sees = "the whole input" if found.whole else f"{_size(found, field)}"
    return f"The map has {rows} × {columns} cells. One cell is {_size(found, found.cell)}; it sees {sees}. {lies}"


def _size(found: Resolution, size: tuple[float, float]) -> str:
    """Height by width, in millimetres where they are known."""
    mm = found.in_mm(size)
    pixels = f"{size[0]:.0f} × {size[1]:.0f} pixels"
    return f"{pixels} ({mm[0]:.0f} × {mm[1]:.0f} mm)" if mm else pixels


def _chart(found: Resolution, _tested: MapUnderTest) -> tuple[Drawing, ...]:
    caption = "The map's strongest places."
    if found.field is not None:
        caption = "Thin frame: the strongest cell. Bold frame: all that this cell sees."
    return (ToScale("grid", caption, *found.strongest, found.field),)


CHECK = Check(
    key="resolution",
    question="Could it see that finely?",
    doing="Measuring the grid",
    run=lambda tested, _on_progress: resolution_check(tested.image_pass, tested.layer, tested.values),
    level=_level,
    meanings={
        None: "Nothing inside one cell can be told apart, whatever the smooth colours suggest. This is a fact about "
        "the network and counts for no level: where the object lies is not known.",
        "good": "The evidence lies on the head, as far as a grid of this size can tell.",
        "unclear": "Part of the evidence lies outside the head, where nothing of the patient is.",
        "bad": "The evidence lies outside the head as much as in it: it does not come from the patient.",
    },
    threshold="**Grid**: has a level only for slices of a head. Passes where the share of evidence outside the head is "
    f"at most {percent(OUTSIDE)} of the share of the area there; fails where it is as large.",
    summary=_summary,
    details=_details,
    chart=_chart,
    passes=1,
)
