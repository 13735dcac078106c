"""The kernels of deeper convolutions, one tile for each input channel, and why they say little."""

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.core.failures import in_words
from dashboard.core.plain_text import in_prose
from dashboard.core.session import show_in_widget, widget_value
from dashboard.filters import filter_choice as filters_choice
from dashboard.shared import cached, channel_chart
from dashboard.shared.components.viewer import TilesOptions, tiles
from dashboard.shared.controls import layer_title
from xai_core.features.filters import Convolution, convolution
from xai_core.types import LayerInfo, LoadedModel

WHY_LITTLE = (
    "A deeper kernel no longer weighs colours. It weighs the channels of the layer before, and what those detect was "
    "learned too. So its pattern tells how channels are combined, not what a picture must look like."
)


def kernels(model: LoadedModel, first: str | None) -> None:
    """Choose a deeper convolution and one of its filters; shows that filter's kernels by input channel."""
    st.subheader("Deeper layers", anchor=False, divider="gray")
    st.markdown(WHY_LITTLE)
    with in_words():
        deeper = {i.name: i for i in cached.layers(model) if i.convolution and i.name != first}
        if not deeper:
            st.caption("This network has no other convolution.")
            return
        controls = st.container(horizontal=True, vertical_alignment="bottom")
        with controls:
            name = _choose_layer(model, deeper)
        if name is not None:
            _kernels_of(convolution(model.module, name), controls)


def _choose_layer(model: LoadedModel, deeper: dict[str, LayerInfo]) -> str | None:
    wanted = filters_choice.current().kernels
    if wanted is not None and wanted not in deeper:
        told = in_prose(f"{model.config.title} has no deeper convolution “{wanted[:80]}”.")
        st.warning(told, icon=":material/info:")
        filters_choice.choose(kernels=None)
        wanted = None
    st.selectbox(
        "Convolution",
        list(deeper),
        index=None,
        format_func=lambda name: layer_title(deeper[name]),
        placeholder="Choose one to open its kernels",
        key=show_in_widget("filters_kernels", wanted),
        on_change=lambda: filters_choice.choose(kernels=widget_value("filters_kernels")),
        width=420,
    )
    return wanted


def _kernels_of(layer: Convolution, controls: DeltaGenerator) -> None:
    n, c, height, width = layer.filters.shape
    weights = layer.filters.float().cpu().numpy()
    if c == 1:  # choosing one filter would leave a single tile
        st.caption(
            f"Each of the {n} filters of {height} × {width} reads one channel only (a depthwise convolution), so all "
            "are shown, the strongest first."
        )
        _tiles(weights[:, 0], [f"filter {k}" for k in range(n)])
        return
    with controls:
        k = _choose_filter(layer.name, n)
    if height * width == 1 and layer.groups == 1:
        st.caption(f"The kernels of filter {k} are 1 × 1: a single weight for each of {c} input channels.")
        channel_chart.bars(weights[k, :, 0, 0], key="filter_weight_bars", label="weight")
        return
    st.caption(f"Filter {k} has {c} kernels of {height} × {width}, one for each input channel, the strongest first.")
    _tiles(weights[k], [f"channel {i}" for i in layer.channels_of(k)])


def _choose_filter(layer: str | None, n: int) -> int:
    k = filters_choice.current().kernel or 0
    if k >= n:
        told = in_prose(f"Layer {layer} has {n} filters, counted from 0, so there is no filter {k}.")
        st.warning(told, icon=":material/info:")
        filters_choice.choose(kernel=None)
        k = 0
    st.number_input(
        f"Filter, 0 to {n - 1}",
        0,
        n - 1,
        key=show_in_widget("filters_kernel", k),
        on_change=lambda: filters_choice.choose(kernel=widget_value("filters_kernel")),
        width=200,
        help="Each filter makes one output channel.",
    )
    return k


def _tiles(kernels: np.ndarray, names: list[str]) -> None:
    """kernels: float32 (m, h, w), shown by their norm on one two-sided scale."""
    order = np.argsort(-np.square(kernels).sum(axis=(1, 2)), kind="stable")
    tiles(kernels[order], [names[i] for i in order], TilesOptions(signed=True, label="Weight"), key="filter_kernels")
