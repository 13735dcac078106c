"""Which unit a visitor looks at on the Units page: its channel and place, and how the channels are sorted."""

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from dashboard.core import state
from dashboard.core.session import StateKey
from dashboard.core.state import Selection
from dashboard.shared.page_context import PageContext
from xai_core.features.feature_maps import MapOrder

ORDERS: dict[MapOrder, str] = {"contribution": "Contribution", "peak": "Peak", "mean": "Mean"}
MAX_TRAIL = 20


@dataclass(frozen=True)
class Address:
    """Where a channel and a place have their meaning."""

    model: str
    layer: str
    image: str
    grid: tuple[int, int]


@dataclass(frozen=True)
class UnitChoice:
    """channel: None for the first in order. place: row and column from 0, None for where the channel peaks.

    at: what both were chosen for; None for what a link says, whatever it leads to.
    """

    channel: int | None = None
    place: tuple[int, int] | None = None
    at: Address | None = None
    order: MapOrder = "contribution"


_UNIT = StateKey("unit", lambda: _of_link(), ends="back")
_TRAIL = StateKey[list[tuple[Selection, UnitChoice]]]("unit_trail", list)


def address_of(context: PageContext) -> Address:
    """The address of the maps on the page."""
    grid = next(layer.grid for layer in context.layers if layer.name == context.layer)
    return Address(context.model.config.key, context.layer, state.selection().image, grid)


def current(here: Address) -> UnitChoice:
    """What of the choice still holds here: a channel holds in its layer, a place in its picture, on any grid."""
    kept = _UNIT.get()
    there = kept.at
    if there is None:
        kept = replace(kept, at=here)
    elif there != here:
        same_layer = (there.model, there.layer) == (here.model, here.layer)
        place = kept.place if there.image == here.image else None
        moved = place and _on_grid(place, there.grid, here.grid)
        kept = replace(kept, channel=kept.channel if same_layer else None, place=moved, at=here)
    _UNIT.set(kept)
    return kept


def choose(**changes: Any) -> None:
    """Change the choice that `current` gave on this page."""
    _UNIT.set(replace(_UNIT.get(), **changes))


def visit(image: str, channel: int, place: tuple[int, int], here: Address) -> None:
    """Go to a unit on another picture, which takes the class that the model sees there."""
    state.choose(image=image)
    choose(channel=channel, place=place, at=replace(here, image=state.selection().image))


def remember() -> None:
    """Put what is shown on the way back, for `come_back`."""
    trail = _TRAIL.get()
    trail.append((state.selection(), _UNIT.get()))
    del trail[:-MAX_TRAIL]


def forget() -> None:
    """Take back `remember`."""
    _TRAIL.get().pop()


def come_back() -> None:
    """Show again what was remembered last."""
    before, unit = _TRAIL.get().pop()
    state.choose(
        model=before.model,
        image=before.image,
        layer=before.layer,
        class_index=before.class_index,
        contrast_class=before.contrast_class,
    )
    _UNIT.set(unit)


def came_from() -> Selection | None:
    """The choice that `come_back` returns to."""
    trail = _TRAIL.get()
    return trail[-1][0] if trail else None


def write_link(data: str | None) -> None:
    """The shared choice and the unit in the browser's address. data: a bundled data set."""
    unit = _UNIT.get()
    own = {
        "channel": None if unit.channel is None else str(unit.channel),
        "place": unit.place and f"{unit.place[0]}.{unit.place[1]}",
        "order": unit.order if unit.order != UnitChoice.order else None,
        "data": data,
    }
    state.write_link(state.link_parts() | {key: value for key, value in own.items() if value is not None})


def _of_link() -> UnitChoice:
    """What the link says; what it names wrongly is the default. Whether the numbers exist is seen at the layer."""
    link = st.query_params
    row, _, column = link.get("place", "").partition(".")
    at, order = (state.number_in(row), state.number_in(column)), link.get("order", "")
    place = (at[0], at[1]) if at[0] is not None and at[1] is not None else None
    return UnitChoice(
        state.number_in(link.get("channel", "")), place, order=order if order in ORDERS else UnitChoice.order
    )


def _on_grid(place: tuple[int, int], old: tuple[int, int], new: tuple[int, int]) -> tuple[int, int]:
    """The place whose cell holds the middle of the old one."""
    row, column = (min(int((at + 0.5) / n * m), m - 1) for at, n, m in zip(place, old, new, strict=True))
    return row, column
