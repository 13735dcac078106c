"""What one unit detects: its map, what it sees, the pieces of pictures that excite it, and the pixels behind it."""

import streamlit as st

from dashboard import question
from dashboard.failures import in_words
from dashboard.pictures import dataset_choice
from dashboard.units import choice as units_choice
from dashboard.units import maps as units_maps
from dashboard.units import network as units_network
from dashboard.units import now as units_now
from dashboard.units import patches as units_patches
from dashboard.units import pixels as units_pixels
from dashboard.units import tour as units_tour
from dashboard.units import view as units_view

asked = question.ask()
units_tour.headline()
with in_words():
    shown = units_now.resolve(asked)
source = dataset_choice.chosen()
units_choice.write_link(source if source in dataset_choice.BUNDLED else None)

units_network.network(asked)
units_maps.maps(asked, shown)
st.divider()
units_view.unit_headline(asked, shown)
fields, others, patches, pixels = (st.container() for _ in range(4))
with patches:
    units_patches.top_patches(asked, shown)  # before the gradients, which take longer
with in_words():
    with fields:
        units_view.map_and_field(asked, shown)
    with others:
        units_maps.here(shown)
    with pixels:
        units_pixels.pixels(asked, shown)
