"""What each pane of the Compare page asks, and its answer: a map, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import streamlit as st

from dashboard import computing, controls, method_controls, own_models
from dashboard.compare import panes
from dashboard.compare.panes import Side
from dashboard.model_loading import ready_model
from dashboard.state import Selection
from dashboard.store import cached
from xai_core.attribution.catalog import METHODS, find_method
from xai_core.attribution.explain import ImageTrace
from xai_core.attribution.method import Method
from xai_core.errors import SightlineError
from xai_core.types import Explanation, LayerInfo, SourceImage

SAME = "As in the side bar"
SETTINGS_HELP = "The method's settings, and another picture, model or class for this pane"


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
    """Method and layer of a pane, and behind a button its settings, picture, model and class; gives its pass."""
    asked, cards, pictures = panes.resolved(side), own_models.offered(), controls.picture_titles()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        method_slot, layer_slot = st.container(), st.container()
        with st.popover("Settings", icon=":material/tune:", help=SETTINGS_HELP):
            settings_slot = st.container()
            _choice(side, "Picture", "picture", [None, *pictures], lambda p: pictures.get(p, SAME))
            _choice(side, "Model", "model", [None, *cards], lambda k: cards[k].title if k else SAME)
            class_slot = st.container()
    # These choices stay usable where the model must be fetched first.
    model = ready_model(asked.model, on_decline=lambda: panes.change(side, model=None))
    layers = cached.layers(model.card.key, model)
    traced = cached.trace_for(model, controls.image_of(asked.picture), layers, asked.layer)
    names, method = traced.prediction.class_names, find_method(asked.method)
    with method_slot:
        _method_choice(side, traced, _layer(asked, layers))
    with layer_slot:
        _layer_choice(side, method, layers)
    with settings_slot:
        _settings(side, method)
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


def _method_choice(side: Side, traced: ImageTrace, layer: str) -> None:
    """Every method; those without a meaning here are marked, and the question mark says why."""
    reasons = cached.methods(traced.model.card.key, traced.model)
    titles, why = {}, []
    for method in METHODS:
        reason, mark = reasons[method.key], "does not apply"
        defined = () if reason else method.defined_at(traced.model.module, traced.trace)
        if reason is None and method.target == "layer" and layer not in defined:
            mark = f"only at {defined[-1]}" if defined else "at no listed layer"
            reason = f"It is not defined at layer {layer}."
        titles[method.key] = f"{method.title} · {mark}" if reason else method.title
        why += [f"**{method.title}** · {mark}: {reason}"] if reason else []
    _choice(side, "Method", "method", list(titles), titles.__getitem__, "\n\n".join(why) or None)


def _settings(side: Side, method: Method) -> None:
    """The method's own settings, as the Explain page has them."""
    if not fields(method.settings):
        return
    st.markdown(f"**{method.title}**")
    method_controls.settings_control(
        method,
        lambda: panes.resolved(side).settings,
        lambda settings: panes.change(side, settings=settings),
        prefix=f"pane_{side}_",
    )
    st.markdown("**This pane's own**")


def _layer_choice(side: Side, method: Method, layers: tuple[LayerInfo, ...]) -> None:
    if not method.reads_layers:
        st.selectbox("Layer", ["reads no layer"], key=f"pane_{side}_no_layer", disabled=True)
        return
    by_name = {layer.name: layer for layer in layers}
    listed = [layer.name for layer in layers if layer.main or layer.name == panes.pane(side).layer]
    _choice(side, "Layer", "layer", [None, *listed], lambda n: SAME if n is None else controls.layer_title(by_name[n]))


def _layer(asked: Selection, layers: tuple[LayerInfo, ...]) -> str:
    """The layer that is asked about; the suggested one where the model has none of that name."""
    if asked.layer is not None and asked.layer in {known.name for known in layers}:
        return asked.layer
    return next((layer.name for layer in layers if layer.suggested), "")


def _choice(
    side: Side, label: str, field: str, options: Sequence[Any], titles: Callable[[Any], str], help: str | None = None
) -> None:
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
        help=help,
    )


def answer(side: Side, traced: ImageTrace) -> Answer:
    """Compute the pane's map; a method without meaning here is an answer too."""
    asked = panes.resolved(side)
    layer = _layer(asked, cached.layers(traced.model.card.key, traced.model))
    n_classes, best = len(traced.prediction.class_names), traced.prediction.top(1)[0].index
    class_index = asked.class_index if asked.class_index is not None and asked.class_index < n_classes else best
    try:
        result = computing.explanation(
            traced, asked, class_index, layer, on_stop=lambda: panes.change(side, method="grad_cam")
        )
    except SightlineError as reason:
        return Answer(asked, traced.image, layer, None, str(reason))
    return Answer(asked, traced.image, computing.shown_layer(result, layer), result, None)
