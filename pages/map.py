"""How a network organises pictures: its map of them, each one's neighbours, and the ones that look wrong."""

import streamlit as st

from dashboard.core.failures import in_words
from dashboard.map import map_request as space_asked
from dashboard.map import map_sections as space_page
from dashboard.map import table as space_table
from dashboard.shared import job_lines

st.header("How the network organises pictures", anchor=False)
st.markdown("Each picture is a point. Those that the network takes for **alike** lie near each other.")
choices, progress, results = st.container(), st.container(), st.container()
job_lines.begin()
with choices:
    request, part = space_asked.ask()
    space_asked.write_link()
if request is not None:
    with results, in_words():
        space = space_table.space(request)
        if space is not None:
            space_page.parts(space, part)
job_lines.lines(progress)
