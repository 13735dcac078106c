"""Grad-CAM step by step, with the numbers of the picture at hand."""

import streamlit as st

from dashboard import cached, computing, controls, state, steps_view
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
state.write_link()

st.header("Grad-CAM step by step", anchor=False)
with in_words():
    steps = cached.steps(traced, layer, class_index)
    result = computing.grad_cam(traced, class_index, layer)
steps_view.activations(steps)
steps_view.score(traced, class_index)
steps_view.weights(steps)
steps_view.weighted_sum(image, result, steps)
steps_view.relu(steps)
steps_view.upsampling(steps, model.card.input_size)
steps_view.overlay(image, result, layer)
steps_view.cam_beside(traced, steps)
