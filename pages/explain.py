"""Where does the model look? One picture, one class, any layer, any method."""

import streamlit as st

from dashboard import cached, computing, controls, explain_view, method_controls, state
from dashboard.failures import in_words
from dashboard.model_loading import ready_model

with st.sidebar:
    image = controls.picture_control()
    controls.model_control()

model = ready_model(state.selection().model)
layers = cached.layers(model.card.key, model)

with in_words():
    traced = cached.trace_for(model, image, layers, state.selection().layer)
with st.sidebar:
    class_index = controls.class_control(traced.prediction)
    layer = controls.layer_control(model, layers)
    method_controls.method_control(model)
    method_controls.expert_controls(traced.prediction)
state.write_link()

explain_view.headline(traced.prediction, class_index)
with in_words():
    result = computing.explanation(traced, state.selection(), class_index, layer)
explain_view.heat_map(image, result, computing.shown_layer(result, layer))
explain_view.how_to_read(result, computing.shown_layer(result, layer))
explain_view.layer_gallery(image, result, layers, layer)
explain_view.what_the_model_saw(traced)
