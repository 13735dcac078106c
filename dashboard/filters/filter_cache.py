"""First-layer filters and what they answer, computed once for all visitors."""

from dataclasses import dataclass

import numpy as np
import streamlit as st
from torch import Tensor

import xai_core as xai
from dashboard.shared.cached import BY_CONTENT
from xai_core.features.filter_facts import FilterFacts, Twin, filter_facts, spectra, twins
from xai_core.features.filters import Convolution, filter_responses, first_layer
from xai_core.types import Box, LoadedModel, SourceImage


@dataclass(frozen=True, eq=False)
class Sheet:
    """A first layer with the numbers of its filters; spectra: float32 (n, s, s)."""

    layer: Convolution
    facts: FilterFacts
    spectra: np.ndarray


@dataclass(frozen=True, eq=False)
class Responses:
    """maps: float32 (n, h, w), what each filter gives on a picture. box: the part of the picture that they cover."""

    maps: Tensor
    box: Box


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs=BY_CONTENT)
def sheet(model: LoadedModel) -> Sheet:
    """NotApplicable: the network runs without a convolution."""
    layer = first_layer(model.module, (len(model.config.mean), *model.config.input_size))
    return Sheet(layer, filter_facts(layer.filters), spectra(layer.filters))


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs=BY_CONTENT)
def responses(model: LoadedModel, image: SourceImage) -> Responses:
    """A pass that ends at the first layer."""
    given = xai.prepare(model.config, image, model.device)
    return Responses(filter_responses(model.module, given.tensor).float().cpu(), given.box)


@st.cache_resource(max_entries=1024, show_spinner=False, hash_funcs=BY_CONTENT)
def twins_of(model: LoadedModel, index: int) -> tuple[Twin, ...]:
    """The six filters most like this one."""
    return twins(sheet(model).layer.filters, index, k=6)
