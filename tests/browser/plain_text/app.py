"""Each hostile name as the dashboard writes names: within a sentence, by itself, and as code."""

import streamlit as st

from dashboard.core.plain_text import as_code, in_prose, plainly
from tests.browser.plain_text.hostile import NAMES

for number, name in enumerate(NAMES):
    for how, text in (("prose", f"Said: **{in_prose(name)}**."), ("plain", plainly(name)), ("code", as_code(name))):
        with st.container(key=f"{how}-{number}"):
            st.markdown(text)
