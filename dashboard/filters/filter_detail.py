"""One filter: its tile, its numbers, its twins, what it answers to the picture, and its weights and spectrum."""

import numpy as np
import streamlit as st

from dashboard.filters import filter_cache as filters_cached
from dashboard.filters import filter_choice as filters_choice
from dashboard.filters.filter_cache import Responses, Sheet
from dashboard.filters.filter_descriptions import (
    frequency_in_words,
    number,
    orientation_in_words,
    rank_in_words,
    twin_in_words,
)
from dashboard.shared import cached
from dashboard.shared.components.viewer import Heat, TilesOptions, ViewerOptions, tiles, viewer
from xai_core.features import filters
from xai_core.render.recipe import percent
from xai_core.render.scale import PIXEL_PERCENTILE, shown
from xai_core.types import Box, LoadedModel, SourceImage

COLOURS = ("red", "green", "blue")
MOST_CHANNELS = 24
LEAST_ALIKE = 0.3  # below, two filters have nothing to do with each other

ABOUT_TWINS = (
    "The filters most like it; click one to go there. The number is the cosine of their weights: 1 the same pattern, "
    "−1 the same with its sign reversed. An arrow says that the twin was moved by a pixel to fit."
)


def chosen(order: np.ndarray) -> int:
    """The chosen filter, or the first that is shown; says so where there is none of that number."""
    wanted = filters_choice.current().filter
    if wanted is not None and wanted >= len(order):
        st.warning(
            f"This layer has {len(order)} filters, counted from 0, so there is no filter {wanted}; the first is shown.",
            icon=":material/info:",
        )
        filters_choice.choose(filter=None)
        wanted = None
    return int(order[0]) if wanted is None else wanted


def numbers(sheet: Sheet, responses: Responses, k: int) -> None:
    """The filter large, and what its weights and its spectrum say."""
    facts, peaks = sheet.facts, responses.maps.amax(dim=(1, 2)).numpy()
    st.subheader(f"Filter {k}", anchor=False)
    rows = {"Norm": f"{number(float(facts.norm[k]))} ({rank_in_words(facts.norm, k)})"}
    if facts.idle[k]:
        rows["Idle"] = "its weights are next to nothing, so its pattern means nothing"
    else:
        rows["Stripes"] = orientation_in_words(float(facts.orientation[k]))
        rows["Frequency"] = frequency_in_words(float(facts.frequency[k]))
        if sheet.layer.coloured:
            rows["Colour"] = percent(float(facts.colourfulness[k]))
    rows["Peak response"] = f"{number(float(peaks[k]))} ({rank_in_words(peaks, k)})"
    left, right = st.columns([2, 5], vertical_alignment="top")
    with left:
        _large(sheet, k)
    right.markdown("  \n".join(f"**{name}** {value}" for name, value in rows.items()))


def _large(sheet: Sheet, k: int) -> None:
    drawn = filters.tiles(sheet.layer.filters[k : k + 1], "each", sheet.layer.coloured)
    images = drawn if drawn.ndim == 4 else drawn[0, :MOST_CHANNELS]
    names = [f"channel {c}" for c in range(len(images))] if len(images) > 1 else [""]
    tiles(images, names, TilesOptions(columns=min(2, len(images)), label="the chosen filter"), key="filter_large")


def twins(model: LoadedModel, sheet: Sheet, k: int) -> None:
    """The filters most like this one; a click walks on to one of them."""
    found = [twin for twin in filters_cached.twins_of(model, k) if abs(twin.cosine) >= LEAST_ALIKE]
    st.markdown("**Its twins**", help=ABOUT_TWINS)
    if not found:
        st.caption("No other filter is like it.")
        return
    layer, indices = sheet.layer, [twin.index for twin in found]
    drawn = filters.tiles(layer.filters[indices], "each", layer.coloured)
    tiles(
        drawn if drawn.ndim == 4 else drawn[:, 0],
        [f"no. {twin.index}\n{twin_in_words(twin)}" for twin in found],
        TilesOptions(columns=8, label="similar filters"),
        on_choose=lambda i: filters_choice.choose(filter=indices[i]),
        key="filter_twins",
    )
    if drawn.ndim == 5 and drawn.shape[1] > 1:
        st.caption("Shown is channel 0 of each; all channels are compared.")


def response(model: LoadedModel, image: SourceImage, sheet: Sheet, responses: Responses, k: int) -> None:
    """What the filter gives at each place of the picture, before anything else happens to it."""
    values, low, top = shown(responses.maps[k].numpy(), "both", pixels=True)
    height, width = values.shape
    x, y = _highest(values, responses.box)
    st.markdown("**Its response to the picture**")
    viewer(
        cached.image(image, responses.box),
        Heat(
            values,
            top,
            f"Response of filter {k}",
            sheet.layer.name or "first layer",
            f"Answers run from {values.min():.3g} to {values.max():.3g}; highest at x {x:.0f}, y {y:.0f} pixels.",
            vmin=low,
            ends=("the pattern reversed", "the pattern"),
        ),
        ViewerOptions(
            caption=f"{model.config.title} · filter {k} · {height} × {width} places · highest {values.max():.3g} at "
            f"x {x:.0f}, y {y:.0f} px · colour scale ends at the {PIXEL_PERCENTILE}th percentile",
            message=None if top > 0 else "This filter answers 0 everywhere.",
            height=360,
            compact=True,
        ),
        key="filter_response",
    )
    st.caption("The convolution's own output, both signs, before normalisation and activation.")


def _highest(values: np.ndarray, box: Box) -> tuple[float, float]:
    """x, y of the highest value of a map (h, w), in pixels of the picture."""
    row, column = np.unravel_index(int(values.argmax()), values.shape)
    x = box.left + (column + 0.5) / values.shape[1] * (box.right - box.left)
    y = box.top + (row + 0.5) / values.shape[0] * (box.bottom - box.top)
    return float(x), float(y)


def weights_and_spectrum(sheet: Sheet, k: int) -> None:
    """The weights channel by channel with their values, and the spectrum that the numbers are read from."""
    box = st.expander("Its weights and its spectrum", key="filter_weights", on_change="rerun")
    if not box.open:
        return
    weights = sheet.layer.filters[k].float().cpu().numpy()
    shown = weights[:MOST_CHANNELS]
    names = COLOURS if sheet.layer.coloured else [f"channel {c}" for c in range(len(shown))]
    with box:
        left, right = st.columns([3, 2], gap="medium")
        with left:
            tiles(
                shown,
                names,
                TilesOptions(signed=True, columns=min(3, len(shown)), label="Weight"),
                key="filter_channels",
            )
            if len(weights) > len(shown):
                st.caption(f"The first {len(shown)} of {len(weights)} channels.")
        with right:
            tiles(
                sheet.spectra[k : k + 1],
                ["power spectrum"],
                TilesOptions(columns=1, label="Power"),
                key="filter_spectrum",
            )
            st.caption(
                "The centre is an even patch; the edges are half a cycle a pixel, the finest stripes there are. Two "
                "bright spots facing each other are one set of stripes, at a right angle to the line between them."
            )
