"""Where does the model look? One picture, one class, any layer."""

import streamlit as st

from dashboard import cached, controls, explain_view, state
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
    method = controls.method_control(model)
state.write_link()

with in_words():
    result = cached.explanation(traced, method, class_index)

explain_view.headline(traced.prediction, class_index)
explain_view.heat_map(image, result, layer)
explain_view.how_to_read(result, layer)
explain_view.layer_gallery(image, result, layers, layer)
explain_view.what_the_model_saw(traced)
