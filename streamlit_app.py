"""Starts Sightline: `streamlit run streamlit_app.py`. Why so little is here: docs/decisions/0001-st-app-entry.md."""

import streamlit as st

from dashboard.startup import on_start

app = st.App("dashboard/app.py", lifespan=on_start)
