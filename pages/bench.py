"""Which method works, and how we know; and whether a model looks where it should over a whole set of pictures."""

import streamlit as st

from dashboard.bench import audit, planted
from dashboard.shared import job_lines
from dashboard.shared.one_of import one_of

TABS = {"planted": "Which method works", "audit": "Audit a set of pictures"}

st.header("Which method works, and how we know", anchor=False)
tab = one_of("View", TABS, "planted", "bench_tab", bare=True)
job_lines.begin()
if tab == "planted":
    planted.page()
else:
    audit.page()
