"""What the Models page computes once for all visitors. Strings are the keys, as in dashboard/shared/cached.py."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard.shared import cached
from xai_core.models.load import try_out
from xai_core.models.normalisation import Check, check_normalisation, presets
from xai_core.types import LoadedModel, SourceImage

CHOSEN = "This card"


def normalisations(model: LoadedModel, images: Sequence[SourceImage]) -> dict[str, Check]:
    """The answers under the model's own card, called CHOSEN, and under the presets that it does not use."""
    return _normalisations(cached.identity(model), tuple(image.digest for image in images), model, images)


def runs(model: LoadedModel) -> None:
    """ModelError where the network cannot run under its card."""
    _runs(cached.identity(model), model)


@st.cache_resource(max_entries=64, show_spinner=False)
def _runs(model: str, _model: LoadedModel) -> None:
    try_out(_model)


@st.cache_resource(max_entries=32, show_spinner=False)
def _normalisations(
    model: str, images: tuple[str, ...], _model: LoadedModel, _images: Sequence[SourceImage]
) -> dict[str, Check]:
    own = (_model.config.mean, _model.config.std)
    others = {name: numbers for name, numbers in presets(len(own[0])).items() if numbers != own}
    return check_normalisation(_model, _images, {CHOSEN: own} | others)
