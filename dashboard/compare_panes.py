"""What each pane of the Compare page asks, and its answer: a map, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from dashboard import cached, computing, controls, panes
from dashboard.model_loading import ready_model
from dashboard.panes import Side
from dashboard.state import Selection
from xai_core.attribution.catalog import METHODS
from xai_core.attribution.explain import ImageTrace
from xai_core.errors import SightlineError
from xai_core.types import Explanation, LayerInfo, SourceImage

SAME = "Same as in the side bar"


@dataclass(frozen=True, eq=False)
class Answer:
    """What one pane shows: its map, or the reason why there is none."""

    asked: Selection
    image: SourceImage
    layer: str
    result: Explanation | None
    reason: str | None

    @property
    def raw(self) -> np.ndarray:
        """The signed map (h, w); only where there is a result."""
        assert self.result is not None
        return self.result.maps[self.layer][0]


def pane_controls(side: Side) -> ImageTrace:
    """Method and layer of a pane, and behind a button its own picture, model and class; gives its pass."""
    asked, cards, pictures = panes.resolved(side), cached.cards(), controls.picture_titles()
    titles = {method.key: method.title for method in METHODS}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _choice(side, "Method", "method", list(titles), titles.__getitem__)
        layer_slot = st.container()
        with st.popover("More", icon=":material/tune:", help="Another picture, model or class for this pane"):
            _choice(side, "Picture", "picture", [None, *pictures], lambda p: pictures.get(p, SAME))
            _choice(side, "Model", "model", [None, *cards], lambda k: cards[k].title if k else SAME)
            class_slot = st.container()
    # The choices above stay usable where the model must be fetched first.
    model = ready_model(asked.model, on_decline=lambda: panes.change(side, model=None))
    layers = cached.layers(model.card.key, model)
    traced = cached.trace_for(model, controls.image_of(asked.picture), layers, asked.layer)
    names = traced.prediction.class_names
    with layer_slot:
        _layer_choice(side, layers)
    with class_slot:
        _choice(side, "Class", "class_index", [None, *range(len(names))], lambda i: SAME if i is None else names[i])
    own = panes.own_choices(side)
    if own:
        words = " and ".join(own)
        st.button(
            f"Own {words}: follow the side bar again",
            key=f"follow_{side}",
            on_click=lambda: panes.follow_side_bar(side),
            type="tertiary",
            icon=":material/link:",
        )
    return traced


def _layer_choice(side: Side, layers: tuple[LayerInfo, ...]) -> None:
    by_name = {layer.name: layer for layer in layers}
    listed = [layer.name for layer in layers if layer.main or layer.name == panes.pane(side).layer]
    _choice(side, "Layer", "layer", [None, *listed], lambda n: SAME if n is None else controls.layer_title(by_name[n]))


def _choice(side: Side, label: str, field: str, options: Sequence[Any], titles: Callable[[Any], str]) -> None:
    """A select box that shows and changes one field of the pane; None stands for the side bar's."""
    key, value = f"pane_{side}_{field}", getattr(panes.pane(side), field)
    st.session_state[key] = value if value in options else options[0]
    st.selectbox(
        label,
        options,
        format_func=titles,
        key=key,
        on_change=lambda: panes.change(side, **{field: st.session_state[key]}),
        placeholder=titles(None) if None in options else None,
    )


def answer(side: Side, traced: ImageTrace) -> Answer:
    """Compute the pane's map; a method without meaning here is an answer too."""
    asked = panes.resolved(side)
    layers = cached.layers(traced.model.card.key, traced.model)
    suggested = next((layer.name for layer in layers if layer.suggested), "")
    layer = asked.layer if asked.layer in {known.name for known in layers} else suggested
    n_classes, best = len(traced.prediction.class_names), traced.prediction.top(1)[0].index
    class_index = asked.class_index if asked.class_index is not None and asked.class_index < n_classes else best
    try:
        result = computing.explanation(
            traced, asked, class_index, layer or "", on_stop=lambda: panes.change(side, method="grad_cam")
        )
    except SightlineError as reason:
        return Answer(asked, traced.image, layer or "", None, str(reason))
    return Answer(asked, traced.image, computing.shown_layer(result, layer or ""), result, None)
