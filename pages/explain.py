"""Where does the model look? One picture, one class, any layer, any method."""

import streamlit as st

from dashboard.core import state
from dashboard.core.failures import in_words
from dashboard.core.plain_text import in_prose
from dashboard.explain import sections as explain_view
from dashboard.shared import explanations, page_context, trust
from xai_core.attribution.catalog import find_method
from xai_core.errors import NotApplicable

context = page_context.ask(with_method=True)
state.write_link()

explain_view.headline(context.image_pass.prediction, context.class_index)
try:
    with in_words(except_for=NotApplicable):
        result = explanations.explanation(context.image_pass, state.selection(), context.class_index, context.layer)
except NotApplicable as reason:
    st.info(in_prose(str(reason)), icon=":material/block:")
    explain_view.not_here(find_method(state.selection().method), context.image_pass, context.image)
    st.stop()
layer = explanations.shown_layer(result, context.layer)
explain_view.heat_map(context.image, result, layer)
explain_view.how_to_read(result, layer)
trust_place = st.container()  # filled last: while its checks run, the rest of the page is already there
explain_view.layer_gallery(context.image, result, context.layers, context.layer)
explain_view.what_the_model_saw(context.image_pass)
with trust_place:
    trust.card(context.image_pass, result, layer)
