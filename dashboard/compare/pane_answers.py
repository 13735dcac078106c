"""What each pane of the Compare page asks, and its answer: a map, or the reason why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import streamlit as st

from dashboard.core import state
from dashboard.core.failures import foreign_refused
from dashboard.core.session import show_in_widget, widget_value
from dashboard.core.state import Selection
from dashboard.shared import cached, cautions, controls, explanations, likeness, method_controls, own_models
from dashboard.shared import compare_panes as panes
from dashboard.shared.compare_panes import Side
from dashboard.shared.model_loading import ready_model
from xai_core.attribution.catalog import DEFAULT, METHODS, find_method
from xai_core.attribution.explain import ImageForwardPass
from xai_core.attribution.method import Method
from xai_core.errors import SightlineError
from xai_core.render.scale import shown
from xai_core.types import Explanation, LayerInfo, SourceImage

OWN = "Picture, model, class, settings"
OWN_HELP = "The method's settings, and another picture, model or class for this pane"


@dataclass(frozen=True, eq=False)
class Answer:
    """What one pane shows: its map, or the reason why there is none."""

    selection: Selection
    image: SourceImage
    layer: str
    result: Explanation | None
    reason: str | None

    @property
    def raw(self) -> np.ndarray:
        """The signed map (h, w); only where there is a result."""
        assert self.result is not None
        values: np.ndarray = self.result.maps[self.layer][0]
        return values

    @property
    def drawn(self) -> np.ndarray:
        """What the pane shows of it (h, w): the evidence that was asked for, and nothing where there is none."""
        values = shown(self.raw, self.selection.evidence)[0]
        return values if self.selection.evidence == "both" else np.clip(values, 0, None)


def pane_controls(side: Side) -> ImageForwardPass:
    """Method and layer of a pane, and behind a button its settings, picture, model and class; gives its pass."""
    selection, configs, images = panes.resolved(side), own_models.offered(), controls.image_titles()
    shared = panes.followed(side)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        method_slot, layer_slot = st.container(), st.container()
    with st.popover(OWN, icon=":material/tune:", help=OWN_HELP):
        settings_slot = st.container()
        _choice(side, "Picture", "image", images, images.get(shared.image, "the picture"))
        titles = {key: config.title for key, config in configs.items()}
        _choice(side, "Model", "model", titles, titles.get(shared.model, "the model"))
        class_slot = st.container()
    # These choices stay usable where the model must be fetched first.
    above = state.selection()  # what is said of its model and picture stands above both panes
    same = selection.model == above.model
    model = ready_model(selection.model, on_decline=lambda: panes.change(side, model=None), cautioned=same)
    layers = cached.layers(model)
    if panes.pane(side).layer not in {None, *(layer.name for layer in layers)}:
        panes.change(side, layer=None)  # the model is another one now
        selection = panes.resolved(side)
    image = controls.image_of(selection.image)
    image_pass = cached.image_forward_pass(likeness.compared(model, image), image, layers, selection.layer)
    if not (same and selection.image == above.image):
        cautions.of_image(image_pass)
    method = find_method(selection.method)
    with method_slot:
        _method_choice(side, image_pass, _layer(selection, layers))
    with layer_slot:
        _layer_choice(side, method, layers, _layer(shared, layers))
    with settings_slot:
        _settings(side, method)
    with class_slot:
        classes = dict(enumerate(image_pass.prediction.class_names))
        told = "the most probable" if shared.class_index is None else classes.get(shared.class_index, "")
        _choice(side, "Class", "class_index", classes, told or "the most probable")
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
    return image_pass


def _method_choice(side: Side, image_pass: ImageForwardPass, layer: str) -> None:
    """Every method; those without a meaning here are marked, and the question mark says why."""
    reasons = cached.methods(image_pass.model)
    titles, why = {}, []
    for method in METHODS:
        reason, mark = reasons[method.key], "does not apply"
        defined = () if reason else method.defined_at(image_pass.model.module, image_pass.forward_pass)
        if reason is None and method.target == "layer" and layer not in defined:
            mark = f"only at {defined[-1]}" if defined else "at no listed layer"
            reason = f"It is not defined at layer {layer}."
        titles[method.key] = f"{method.title} · {mark}" if reason else method.title
        why += [f"**{method.title}** · {mark}: {reason}"] if reason else []
    _choice(side, "Method", "method", titles, help="\n\n".join(why) or None)


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


def _layer_choice(side: Side, method: Method, layers: tuple[LayerInfo, ...], follows: str) -> None:
    if not method.reads_layers:
        st.selectbox("Layer", ["reads no layer"], key=f"pane_{side}_no_layer", disabled=True)
        return
    listed = [layer for layer in layers if layer.main or layer.name == panes.pane(side).layer]
    _choice(side, "Layer", "layer", {layer.name: controls.layer_title(layer) for layer in listed}, follows)


def _layer(selection: Selection, layers: tuple[LayerInfo, ...]) -> str:
    """The layer that is asked about; the suggested one where the model has none of that name."""
    if selection.layer is not None and selection.layer in {known.name for known in layers}:
        return selection.layer
    return next((layer.name for layer in layers if layer.suggested), "")


def _choice(
    side: Side, label: str, field: str, titles: Mapping[Any, str], follows: str | None = None, help: str | None = None
) -> None:
    """A select box that shows and changes one field of the pane. follows: what the side bar has, for a field that
    follows it unless the pane has its own."""
    options = list(titles) if follows is None else [None, *titles]
    key, value = f"pane_{side}_{field}", getattr(panes.pane(side), field)
    show_in_widget(key, value if value in options else options[0])
    st.selectbox(
        label,
        options,
        format_func=lambda option: f"{follows} · side bar" if option is None else titles[option],
        key=key,
        on_change=lambda: panes.change(side, **{field: widget_value(key)}),
        placeholder=None if follows is None else f"{follows} · side bar",
        help=help,
    )


def answer(side: Side, image_pass: ImageForwardPass) -> Answer:
    """Compute the pane's map; a method without meaning here is an answer too."""
    selection = panes.resolved(side)
    layer = _layer(selection, cached.layers(image_pass.model))
    n_classes, best = len(image_pass.prediction.class_names), image_pass.prediction.top(1)[0].index
    class_index = (
        selection.class_index if selection.class_index is not None and selection.class_index < n_classes else best
    )
    try:
        with foreign_refused():
            result = explanations.explanation(
                image_pass, selection, class_index, layer, on_stop=lambda: panes.change(side, method=DEFAULT)
            )
    except SightlineError as reason:
        return Answer(selection, image_pass.image, layer, None, str(reason))
    return Answer(selection, image_pass.image, explanations.shown_layer(result, layer), result, None)
