"""Starts Sightline: `streamlit run streamlit_app.py`. Why so little is here: docs/decisions/0001-st-app-entry.md."""

import sys

import streamlit as st
from starlette.middleware import Middleware

from dashboard.core.configuration import at_start
from dashboard.mri.slice_route import SLICES
from dashboard.server.front_end import FrontEnd
from dashboard.server.headers import Careful
from dashboard.server.server import on_page_error, on_start

at_start(sys.argv)
app = st.App(
    "dashboard/app.py",
    lifespan=on_start,
    on_script_error=on_page_error,
    routes=[SLICES],
    middleware=[Middleware(Careful), Middleware(FrontEnd)],
)
