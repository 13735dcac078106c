"""What the first layer looks for: its filters, their numbers, and what they answer to the picture."""

import streamlit as st

from dashboard.core.failures import in_words
from dashboard.core.plain_text import in_prose
from dashboard.filters import filter_cache as filters_cached
from dashboard.filters import filter_choice as filters_choice
from dashboard.filters import filter_detail as filter_view
from dashboard.filters import filter_sheet as filters_view
from dashboard.filters import kernels as kernels_view
from dashboard.shared import page_context
from dashboard.shared.components.viewer import map_controls
from xai_core.errors import NotApplicable

image, model = page_context.image_and_model()

st.header("What the first layer looks for", anchor=False)
try:
    with in_words(except_for=NotApplicable):
        sheet = filters_cached.sheet(model)
        responses = filters_cached.responses(model, image)
except NotApplicable as reason:
    st.info(in_prose(str(reason)), icon=":material/block:")
    st.stop()
filters_view.introduction(model, sheet)
sort, order = filters_view.order_of(sheet, responses)
selected = filter_view.chosen(order)
filters_view.order_and_scale(sheet, sort)
left, right = st.columns(2, gap="medium")
with left:
    filters_view.grid(sheet, responses, sort, order, selected)
    filter_view.twins(model, sheet, selected)
with right:
    filter_view.numbers(sheet, responses, selected)
    filter_view.response(model, image, sheet, responses, selected)
map_controls("filter_response", key="filter_controls", signed=True)
filter_view.weights_and_spectrum(sheet, selected)
kernels_view.kernels(model, sheet.layer.name)
filters_choice.write_link()
