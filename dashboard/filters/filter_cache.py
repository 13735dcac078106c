"""First-layer filters and what they answer, computed once for all visitors. Strings are the keys, as in cached.py."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
from torch import Tensor

import xai_core as xai
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


def sheet(model: LoadedModel) -> Sheet:
    """NotApplicable: the network runs without a convolution."""
    return _sheet(model.config.key, model.digest, model)


@st.cache_resource(max_entries=16, show_spinner=False)
def _sheet(model_key: str, weights: str, _model: LoadedModel) -> Sheet:
    config = _model.config
    layer = first_layer(_model.module, (len(config.mean), *config.input_size))
    return Sheet(layer, filter_facts(layer.filters), spectra(layer.filters))


def responses(model: LoadedModel, image: SourceImage) -> Responses:
    """A pass that ends at the first layer."""
    return _responses(model.config.key, model.digest, image.digest, model, image)


@st.cache_resource(max_entries=16, show_spinner=False)
def _responses(model_key: str, weights: str, image_digest: str, _model: LoadedModel, _image: SourceImage) -> Responses:
    given = xai.prepare(_model.config, _image, _model.device)
    return Responses(filter_responses(_model.module, given.tensor).float().cpu(), given.box)


def twins_of(model: LoadedModel, index: int) -> tuple[Twin, ...]:
    """The six filters most like this one."""
    return _twins(model.config.key, model.digest, index, sheet(model).layer.filters)


@st.cache_resource(max_entries=1024, show_spinner=False)
def _twins(model_key: str, weights: str, index: int, _filters: Tensor) -> tuple[Twin, ...]:
    return twins(_filters, index, k=6)
