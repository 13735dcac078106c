"""The side bar that every page with a map shares: what is asked, from the picture to the layer."""

from dataclasses import dataclass

import streamlit as st

from dashboard.core import state
from dashboard.core.failures import in_words
from dashboard.shared import cached, cautions, controls, likeness, method_controls
from dashboard.shared.model_loading import ready_model
from xai_core.attribution.catalog import find_method
from xai_core.attribution.explain import ImageForwardPass
from xai_core.types import LayerInfo, LoadedModel, SourceImage


@dataclass(frozen=True, eq=False)
class PageContext:
    """The visitor's choice, resolved: the pass that answers it, the class and the layer."""

    image: SourceImage
    model: LoadedModel
    layers: tuple[LayerInfo, ...]
    image_pass: ImageForwardPass
    class_index: int
    layer: str


def ask(*, with_method: bool = False, with_evidence: bool = False) -> PageContext:
    """Draw the controls, load the model and run it once; ends this run of the page where a model must be fetched."""
    image, model = image_and_model()
    if model.config.answer.kind == "embedding":
        with st.sidebar:
            likeness.reference_control(image)
        model = likeness.compared(model, image)
    with in_words():
        layers = cached.layers(model)
        image_pass = cached.image_forward_pass(model, image, layers, state.selection().layer)
    cautions.of_image(image_pass)
    with st.sidebar:
        class_index = controls.class_control(image_pass.prediction)
        layer = controls.layer_control(
            model, layers, read=not with_method or find_method(state.selection().method).reads_layers
        )
        if with_method:
            method_controls.method_control(model)
        if with_evidence:
            method_controls.evidence_control()
        if with_method or with_evidence:
            method_controls.expert_controls(image_pass.prediction)
    return PageContext(image, model, layers, image_pass, class_index, layer)


def image_and_model() -> tuple[SourceImage, LoadedModel]:
    """The first two controls alone, for pages where classes and methods mean nothing."""
    with st.sidebar:
        image = controls.image_control()
        controls.model_control()
    return image, ready_model(state.selection().model)
