"""All filters of the first layer: what they are, in which order and on which scale they stand, and their tiles."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from dashboard.core.plain_text import as_code, in_prose
from dashboard.core.session import show_in_widget, widget_value
from dashboard.filters import filter_choice as filters_choice
from dashboard.filters.filter_cache import Responses, Sheet
from dashboard.filters.filter_choice import SCALINGS, SORTS, Sort
from dashboard.filters.filter_descriptions import in_numbers
from dashboard.shared.components.viewer import TilesOptions, tiles
from xai_core.features import filters
from xai_core.features.filter_facts import filter_order
from xai_core.types import LoadedModel

A_ROW = 8  # tiles; the filters of a usual network then stand beside the chosen one without scrolling
LARGE = 12  # pixels; filters from this width on get larger tiles
COLOURLESS = 0.01
GRID_HEIGHT = 700  # CSS pixels: the chosen filter stays in sight beside a long grid


def introduction(model: LoadedModel, sheet: Sheet) -> None:
    """Which layer this is, and how to read a tile."""
    layer = sheet.layer
    n, _, height, width = layer.filters.shape
    name = as_code(layer.name) if layer.name else "A layer without a name of its own"
    step = "pixel by pixel" if layer.stride == (1, 1) else f"in steps of {_by(layer.stride)} pixels"
    st.markdown(
        f"{name} is the first convolution of {in_prose(model.config.title)}: **{n} filters** of {height} × {width} "
        f"pixels slide over the picture {step}. A filter answers high where the picture looks like it."
    )
    if layer.cuts_patches:
        st.info(
            f"This layer cuts the picture into patches of {height} × {width} pixels that do not overlap (a patch "
            "embedding). Each filter weighs a whole patch from one fixed place, so stripes and dots here tell little.",
            icon=":material/grid_on:",
        )


def _by(stride: tuple[int, int]) -> str:
    return str(stride[0]) if stride[0] == stride[1] else f"{stride[0]} × {stride[1]}"


def sorts(sheet: Sheet) -> list[Sort]:
    """The orders that make a difference here: grey filters have no colour to be sorted by."""
    coloured = sheet.layer.coloured and float(sheet.facts.colourfulness.max()) >= COLOURLESS
    return [sort for sort in SORTS if sort != "colourfulness" or coloured]


def order_of(sheet: Sheet, responses: Responses) -> tuple[Sort, np.ndarray]:
    """The chosen order, or the first where it is not offered, and the filters in it: indices (n,)."""
    sort = filters_choice.current().sort
    if sort not in sorts(sheet):
        sort = "norm"
    if sort == "number":
        return sort, np.arange(len(sheet.layer.filters))
    return sort, filter_order(sheet.facts, sort, responses.maps)


def order_and_scale(sheet: Sheet, sort: Sort) -> None:
    """The two controls above the tiles."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.segmented_control(
            "Sort by",
            sorts(sheet),
            format_func=SORTS.__getitem__,
            key=_follow("sort", sort),
            on_change=_store("sort"),
            required=True,
            width="content",
            help="Norm: the length of all its weights together. Orientation and frequency: of its stripes, from its "
            "spectrum. Colour: how far its channels differ. Response: its highest answer to the current picture.",
        )
        st.segmented_control(
            "Scaling",
            list(SCALINGS),
            format_func=SCALINGS.__getitem__,
            key=_follow("scaling", filters_choice.current().scaling),
            on_change=_store("scaling"),
            required=True,
            width="content",
            help="What black and white stand for: the largest weight of each filter, which shows every pattern, or the "
            "largest of all filters, which shows the strong ones.",
        )


def grid(sheet: Sheet, responses: Responses, sort: Sort, order: np.ndarray, selected: int) -> None:
    """Every filter as a tile that chooses it; a tile for each input channel where colours cannot stand for them."""
    layer, scaling = sheet.layer, filters_choice.current().scaling
    drawn = filters.tiles(layer.filters, scaling, layer.coloured)[order]
    names = [f"no. {k}\n{in_numbers(sheet, responses, k, sort)}".strip() for k in order]
    a_filter = 1
    if drawn.ndim == 5:
        a_filter = drawn.shape[1]
        names = [f"{name}\nchannel {c}" if a_filter > 1 else name for name in names for c in range(a_filter)]
        drawn = drawn.reshape(-1, *drawn.shape[2:])
    across = A_ROW if layer.filters.shape[3] < LARGE else A_ROW - 2
    long = len(drawn) > A_ROW * 8
    with st.container(height=GRID_HEIGHT if long else "content", border=long, key="filter_grid"):
        tiles(
            drawn,
            names,
            TilesOptions(
                columns=a_filter * max(1, across // a_filter),
                selected=int(np.flatnonzero(order == selected)[0]) * a_filter,
                label="the first layer's filters",
            ),
            on_choose=lambda i: filters_choice.choose(filter=int(order[i // a_filter])),
            key="filter_tiles",
        )
    st.caption(scale_in_words(sheet))


def scale_in_words(sheet: Sheet) -> str:
    """What the shades of the tiles mean."""
    largest = float(sheet.layer.filters.abs().max())
    ends = (
        f"the largest weight of all filters, ± {largest:.3g}"
        if filters_choice.current().scaling == "all"
        else "each filter's own largest weight, so shades of two filters do not compare"
    )
    idle = int(sheet.facts.idle.sum())
    off = f" {idle} are idle: their norm is below a hundredth of the largest." if idle > 1 else ""
    off = " One is idle: its norm is below a hundredth of the largest." if idle == 1 else off
    colours = " Red, green and blue are the weights of the picture's channels." if sheet.layer.coloured else ""
    return f"Mid grey is zero, white adds and black takes away; both end at {ends}.{colours}{off}"


def _follow(field: str, value: object) -> str:
    """The key of a widget that shows `value`, which links change as well."""
    return show_in_widget(f"filters_{field}", value)


def _store(field: str) -> Callable[[], None]:
    return lambda: filters_choice.choose(**{field: widget_value(f"filters_{field}")})
