"""Two answers side by side: any method, layer, class, model or picture, with a linked pointer."""

import streamlit as st

from dashboard.compare import comparison as compare_view
from dashboard.compare import matrix as matrix_view
from dashboard.compare import pane_answers as compare_panes
from dashboard.core.failures import in_words
from dashboard.shared import compare_panes as panes
from dashboard.shared import page_context, trust
from dashboard.shared.compare_panes import SIDES

context = page_context.ask(with_evidence=True)

with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
    st.header("Compare two answers", anchor=False, width="content")
    scale_slot = st.container(width="content")
    compare_view.swap_button()

passes = {}
for side, column in zip(SIDES, st.columns(2, gap="medium"), strict=True):
    with column, in_words():
        passes[side] = compare_panes.pane_controls(side)
panes.write_link()

with in_words():
    answers = {side: compare_panes.answer(side, passes[side]) for side in SIDES}
with scale_slot:
    shared = compare_view.scale_control(answers)
with st.container(key=matrix_view.MAPS):
    compare_view.show_panes(answers, shared)
compare_view.agreement_figures(answers["a"], answers["b"])
if st.toggle("Difference map", key="compare_show_difference", persist_state="session"):
    compare_view.difference(answers["a"], answers["b"], shared)

trust_places = dict(zip(SIDES, st.columns(2, gap="medium"), strict=True))  # filled last, as their checks take long
st.subheader("All at once", anchor=False)
if st.toggle("Show the matrix of classes and methods or layers", key=matrix_view.SHOWN.name, persist_state="session"):
    matrix_view.matrix_section(context.image_pass, context.class_index, context.layer, answers["b"])
for side, found in answers.items():
    if found.result is not None:
        with trust_places[side]:
            trust.card(
                passes[side], found.result, found.layer, place=f"trust_{side}", settings_of="compare", erase=False
            )
