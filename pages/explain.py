"""Where does the model look? One picture, one class, any layer, any method."""

import streamlit as st

from dashboard import computing, question, state, trust
from dashboard.explain import view as explain_view
from dashboard.failures import in_words
from xai_core.attribution.catalog import find_method
from xai_core.errors import NotApplicable

asked = question.ask(with_method=True)
state.write_link()

explain_view.headline(asked.traced.prediction, asked.class_index)
try:
    with in_words(except_for=NotApplicable):
        result = computing.explanation(asked.traced, state.selection(), asked.class_index, asked.layer)
except NotApplicable as reason:
    st.info(str(reason), icon=":material/block:")
    explain_view.not_here(find_method(state.selection().method), asked.traced, asked.image)
    st.stop()
layer = computing.shown_layer(result, asked.layer)
explain_view.heat_map(asked.image, result, layer)
explain_view.how_to_read(result, layer)
trust_place = st.container()  # filled last: while its checks run, the rest of the page is already there
explain_view.layer_gallery(asked.image, result, asked.layers, asked.layer)
explain_view.what_the_model_saw(asked.traced)
with trust_place:
    trust.card(asked.traced, result, layer)
