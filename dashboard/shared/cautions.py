"""What must stand beside the answers of a model that is for research only, wherever it is chosen."""

from __future__ import annotations

import streamlit as st

from xai_core.attribution.explain import ImageForwardPass
from xai_core.evaluation.familiarity import familiarity_of
from xai_core.models.catalog import source_of
from xai_core.types import ModelConfig


def of_model(config: ModelConfig) -> None:
    """The first note of a model whose source calls it grave: that it is no means of diagnosis."""
    source = source_of(config.key)
    if source is not None and source.grave:
        st.warning(config.notes[0], icon=":material/science:")


def of_image(image_pass: ImageForwardPass) -> None:
    """That the picture is unlike what the model was trained on, as the MRI page says it, where that is known."""
    near = familiarity_of(image_pass)
    if near is None:
        return
    from dashboard.mri import gate  # with the readers of scans, which the other pages do without

    gate.show(gate.of_distance(near))
