"""Which models there are: a network of one's own from a file, what is inside the chosen one, and two side by side."""

import streamlit as st

from dashboard.core import state
from dashboard.core.failures import in_words
from dashboard.models import inspector as models_inspector
from dashboard.models import open_model as models_view
from dashboard.models.versus import versus_sections as versus_page
from dashboard.shared import controls, job_lines, page_context
from dashboard.shared.one_of import one_of

TABS = {"one": "Open and look inside", "two": "Two models on the same pictures"}

st.header("Models", anchor=False)
tab = one_of("View", TABS, "one", "models_tab", bare=True)
job_lines.begin()
if tab == "two":
    versus_page.page()
else:
    models_view.open_own(controls.image_of(state.selection().image))
    st.divider()
    context = page_context.ask()
    state.write_link()
    with in_words():
        models_inspector.inspector(context)
