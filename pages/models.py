"""Which models there are: a network of one's own from a file of weights, and what is inside the chosen one."""

import streamlit as st

from dashboard import controls, question, state
from dashboard.failures import in_words
from dashboard.models import inspector as models_inspector
from dashboard.models import view as models_view

st.header("Models", anchor=False)
models_view.open_own(controls.image_of(state.selection().picture))
st.divider()
asked = question.ask()
state.write_link()
with in_words():
    models_inspector.inspector(asked)
