"""What one unit detects: its map, what it sees, the pieces of pictures that excite it, and the pixels behind it."""

import streamlit as st

from dashboard.core.failures import in_words
from dashboard.shared import dataset_choice, network_diagram, page_context
from dashboard.units import current_unit as units_now
from dashboard.units import patches as units_patches
from dashboard.units import pixels as units_pixels
from dashboard.units import tour as units_tour
from dashboard.units import unit_choice as units_choice
from dashboard.units import unit_maps as units_maps
from dashboard.units import unit_view as units_view
from xai_core.datasets import bundled_names

context = page_context.ask()
units_tour.headline()
with in_words():
    shown = units_now.resolve(context)
source = dataset_choice.chosen()
units_choice.write_link(source if source in bundled_names() else None)

network_diagram.network(context)
units_maps.maps(context, shown)
st.divider()
units_view.unit_headline(context, shown)
fields, others, patches, pixels = (st.container() for _ in range(4))
with patches:
    units_patches.top_patches(context, shown)  # before the gradients, which take longer
with in_words():
    with fields:
        units_view.map_and_field(context, shown)
    with others:
        units_maps.here(shown)
    with pixels:
        units_pixels.pixels(context, shown)
