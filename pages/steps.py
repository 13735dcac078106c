"""Grad-CAM step by step, with the numbers of the picture at hand."""

import streamlit as st

from dashboard import computing, question, state, trust
from dashboard.failures import in_words
from dashboard.steps import cam as steps_cam
from dashboard.steps import view as steps_view
from dashboard.store import cached

asked = question.ask()
state.write_link()

steps_view.heading(asked.traced, asked.class_index)
with in_words():
    steps = cached.steps(asked.traced, asked.layer, asked.class_index)
    result = computing.grad_cam(asked.traced, asked.class_index, asked.layer)
steps_view.activations(steps)
steps_view.score(asked.traced, asked.class_index)
steps_view.weights(steps)
steps_view.weighted_sum(asked.image, result, steps)
steps_view.relu(steps)
steps_view.upsampling(steps, asked.model.card.input_size)
steps_view.overlay(asked.image, result, asked.layer)
trust_place = st.container()  # filled last: while its checks run, the rest of the page is already there
steps_cam.cam_beside(asked.traced, steps)
with trust_place:
    trust.card(asked.traced, result, asked.layer, place="trust_steps", settings_of="step_overlay")
