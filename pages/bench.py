"""Which method works, and how we know: every method against pictures whose evidence was planted."""

import streamlit as st

from dashboard.bench import planted

st.header("Which method works, and how we know", anchor=False)
planted.page()
