"""The side bar that every page with a map shares: what is asked, from the picture to the layer."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from dashboard import caution, controls, method_controls, state
from dashboard.failures import in_words
from dashboard.model_loading import ready_model
from dashboard.store import cached
from xai_core.attribution.catalog import find_method
from xai_core.attribution.explain import ImageTrace
from xai_core.types import LayerInfo, LoadedModel, SourceImage


@dataclass(frozen=True, eq=False)
class Question:
    """The visitor's choice, resolved: the pass that answers it, the class and the layer."""

    image: SourceImage
    model: LoadedModel
    layers: tuple[LayerInfo, ...]
    traced: ImageTrace
    class_index: int
    layer: str


def ask(*, with_method: bool = False, with_evidence: bool = False) -> Question:
    """Draw the controls, load the model and run it once; ends this run of the page where a model must be fetched."""
    image, model = picture_and_model()
    with in_words():
        layers = cached.layers(model.card.key, model)
        traced = cached.trace_for(model, image, layers, state.selection().layer)
    caution.of_picture(traced)
    with st.sidebar:
        class_index = controls.class_control(traced.prediction)
        layer = controls.layer_control(
            model, layers, read=not with_method or find_method(state.selection().method).reads_layers
        )
        if with_method:
            method_controls.method_control(model)
        if with_evidence:
            method_controls.evidence_control()
        if with_method or with_evidence:
            method_controls.expert_controls(traced.prediction)
    return Question(image, model, layers, traced, class_index, layer)


def picture_and_model() -> tuple[SourceImage, LoadedModel]:
    """The first two controls alone, for pages where classes and methods mean nothing."""
    with st.sidebar:
        image = controls.picture_control()
        controls.model_control()
    return image, ready_model(state.selection().model)
