"""The unit that the page shows, with its layer's maps: resolved from the visitor's choice."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from dashboard.shared.page_context import PageContext
from dashboard.units import unit_cache as units_cached
from dashboard.units import unit_choice as units_choice
from dashboard.units.unit_choice import Address
from xai_core.features.feature_maps import MapOrder, feature_maps, peak_place, units_at


@dataclass(frozen=True, eq=False)
class Shown:
    """maps: float32 (c, h, w). order: channels in the order of the tiles. values: what they are sorted by, (c,)."""

    here: Address
    maps: np.ndarray
    by: MapOrder
    order: np.ndarray
    values: np.ndarray
    channel: int
    place: tuple[int, int]

    @property
    def unit(self) -> tuple[int, int, int]:
        return (self.channel, *self.place)

    @property
    def activation(self) -> float:
        return float(self.maps[self.unit])

    @property
    def signed(self) -> bool:
        """Whether the layer also answers below zero, as one without a ReLU does."""
        return bool(self.maps.min() < 0)

    @property
    def top(self) -> float:
        """The end of the colour scale that all maps of the layer share."""
        return float(np.abs(self.maps).max() if self.signed else self.maps.max())


def resolve(context: PageContext) -> Shown:
    """The unit to show: the chosen one; else the channel that is first in order, or fires most at the chosen place."""
    here = units_choice.address_of(context)
    chosen = units_choice.current(here)
    maps = feature_maps(context.image_pass.forward_pass, context.layer)
    values = _values(context, chosen.order, maps)
    order = np.argsort(-values, kind="stable")
    place, channel = chosen.place, chosen.channel
    if place is not None and not (place[0] < maps.shape[1] and place[1] < maps.shape[2]):
        _refuse(f"This layer has no row {place[0]} and column {place[1]}; the channel's peak is shown.")
        place = None
    if channel is not None and channel >= len(maps):
        _refuse(f"This layer has no channel {channel}; another one is shown.")
        channel = None
    if channel is None:
        firing = units_at(maps, *place, k=1) if place else ()
        channel = firing[0].channel if firing else int(order[0])
    return Shown(here, maps, chosen.order, order, values, channel, place or peak_place(maps, channel))


def _refuse(sentence: str) -> None:
    st.warning(sentence, icon=":material/info:")


def _values(context: PageContext, by: MapOrder, maps: np.ndarray) -> np.ndarray:
    if by != "contribution":
        values: np.ndarray = maps.max(axis=(1, 2)) if by == "peak" else maps.mean(axis=(1, 2))
        return values
    return units_cached.channel_contributions(context.image_pass, context.layer, context.class_index)
