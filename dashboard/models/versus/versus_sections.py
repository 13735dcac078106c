"""The half of the Models page that sets two models side by side: the choices, the work, and what was found."""

import streamlit as st

from dashboard.core.failures import in_words
from dashboard.models.versus.figures import figures
from dashboard.models.versus.labels import label_names
from dashboard.models.versus.maps import side_by_side
from dashboard.models.versus.model_answers import Tables, answers, joined
from dashboard.models.versus.rows import table, unread
from dashboard.models.versus.versus_request import Pair, ask
from dashboard.shared import job_lines

WHY = (
    "Which of two models should you trust? Both look at the same pictures. Those on which they **disagree** tell most: "
    "they come first, and a click shows where each model looked."
)


def page() -> None:
    st.markdown(WHY)
    pair = ask()
    progress, results = st.container(), st.container()
    if pair is not None and not all(model.config.answer.probable for model in pair.models):
        st.info("Answers are compared by class, and one of these models tells none.", icon=":material/block:")
    elif pair is not None:
        with results, in_words():
            tables = answers(pair)
            if tables is not None:
                _show(pair, tables)
    job_lines.lines(progress)


def _show(pair: Pair, tables: Tables) -> None:
    found = joined(*tables, label_names(tables))
    if not len(found):
        st.info("There is no picture that both models can read.", icon=":material/block:")
        unread(found)
        return
    figures(pair, found)
    row = table(pair, found)
    if row is not None:
        side_by_side(pair, found, row)
    unread(found)
