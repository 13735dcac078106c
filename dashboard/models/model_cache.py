"""What the Models page computes once for all visitors."""

from collections.abc import Sequence

import streamlit as st

from dashboard.shared.cached import BY_CONTENT
from xai_core.models.load import try_out
from xai_core.models.normalisation import Check, check_normalisation, presets
from xai_core.types import LoadedModel, SourceImage

CHOSEN = "This card"


@st.cache_resource(max_entries=32, show_spinner=False, hash_funcs=BY_CONTENT)
def normalisations(model: LoadedModel, images: Sequence[SourceImage]) -> dict[str, Check]:
    """The answers under the model's own card, called CHOSEN, and under the presets that it does not use."""
    own = (model.config.mean, model.config.std)
    others = {name: numbers for name, numbers in presets(len(own[0])).items() if numbers != own}
    return check_normalisation(model, images, {CHOSEN: own} | others)


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=BY_CONTENT)
def runs(model: LoadedModel) -> None:
    """ModelError where the network cannot run under its card."""
    try_out(model)
