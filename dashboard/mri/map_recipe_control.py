"""How the maps are made: the method and the layer, the suggested ones first."""

import streamlit as st

from dashboard.mri.reading import MapRecipe, layer_names, method_keys
from xai_core.attribution.catalog import find_method


def map_recipe() -> MapRecipe:
    layers = layer_names()
    with st.expander("How the maps are made"):
        method = st.selectbox(
            "Method",
            method_keys(),
            format_func=lambda key: find_method(key).title,
            key="mri_method",
            persist_state="session",
            help="Quick methods that tell the diagnoses apart. The Explain page has all of them.",
        )
        layer = st.selectbox(
            "Layer",
            layers,
            format_func=lambda name: f"{name} · suggested" if name == layers[0] else name,
            key="mri_layer",
            persist_state="session",
        )
    return MapRecipe(method, layer)
