"""Grad-CAM step by step, with the numbers of the picture at hand."""

import streamlit as st

from dashboard.core import state
from dashboard.core.failures import in_words
from dashboard.shared import cached, explanations, page_context, trust
from dashboard.steps import cam as steps_cam
from dashboard.steps import grad_cam_stages as steps_view

context = page_context.ask()
state.write_link()

steps_view.heading(context.image_pass, context.class_index)
with in_words():
    steps = cached.steps(context.image_pass, context.layer, context.class_index)
    result = explanations.grad_cam(context.image_pass, context.class_index, context.layer)
steps_view.activations(steps)
steps_view.score(context.image_pass, context.class_index)
steps_view.weights(steps)
steps_view.weighted_sum(context.image, result, steps)
steps_view.relu(steps)
steps_view.upsampling(steps, context.model.config.input_size)
steps_view.overlay(context.image, result, context.layer)
trust_place = st.container()  # filled last: while its checks run, the rest of the page is already there
steps_cam.cam_beside(context.image_pass, steps)
with trust_place:
    trust.card(context.image_pass, result, context.layer, place="trust_steps", settings_of="step_overlay")
