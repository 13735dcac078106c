"""How a network organises pictures: its map of them, each one's neighbours, and the ones that look wrong."""

import streamlit as st

from dashboard.background import run_lines
from dashboard.failures import in_words
from dashboard.map import asked as space_asked
from dashboard.map import page as space_page
from dashboard.map import table as space_table

st.header("How the network organises pictures", anchor=False)
st.markdown("Each picture is a point. Those that the network takes for **alike** lie near each other.")
choices, progress, results = st.container(), st.container(), st.container()
run_lines.begin()
with choices:
    asked, part = space_asked.ask()
    space_asked.write_link()
if asked is not None:
    with results, in_words():
        space = space_table.space(asked)
        if space is not None:
            space_page.parts(space, part)
run_lines.lines(progress)
