"""Which method works, and how we know; and whether a model looks where it should over a whole set of pictures."""

import streamlit as st

from dashboard.bench import audit, planted
from dashboard.shared import job_lines

TABS = {"planted": "Which method works", "audit": "Audit a set of pictures"}

st.header("Which method works, and how we know", anchor=False)
tab = st.segmented_control(
    "View",
    list(TABS),
    format_func=TABS.__getitem__,
    default="planted",
    key="bench_tab",
    persist_state="session",
    required=True,
    label_visibility="collapsed",
)
job_lines.begin()
if tab == "planted":
    planted.page()
else:
    audit.page()
