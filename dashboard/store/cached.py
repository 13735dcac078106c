"""Everything slow, computed once for all visitors. Strings are the keys; objects are underscored and never hashed."""

from __future__ import annotations

import streamlit as st

import xai_core as xai
from dashboard.components.choices import thumbnail
from dashboard.components.viewer import Picture, picture_of
from dashboard.host import audit
from dashboard.host.configuration import memory
from dashboard.host.visitors import visitor
from dashboard.store.kept import Kept
from dashboard.store.weight import bytes_of
from xai_core.attribution.explain import ImageTrace
from xai_core.attribution.steps import GradCamSteps, grad_cam_steps
from xai_core.datasets import Dataset, open_dataset
from xai_core.images import SAMPLES
from xai_core.types import Box, LayerInfo, LoadedModel, ModelCard, SourceImage

TRACES_EACH = 4  # passes that one visitor holds: two panes, and the two before them


@st.cache_resource(show_spinner=False)
def cards() -> dict[str, ModelCard]:
    """The records of all models by key, the default first."""
    return {card.key: card for card in xai.model_cards()}


def model(key: str) -> LoadedModel:
    """A model of the catalogue, loaded once for all who ask; those used longest ago make room within the budget."""
    return _models().get_or_make(key, lambda: xai.load_model(key), lambda loaded: bytes_of(loaded.module))


@st.cache_resource(max_entries=1, show_spinner=False)
def _models() -> Kept:
    return Kept(memory("MODEL"))


def identity(model: LoadedModel) -> str:
    """What tells a model apart from all others: its weights, and its key, since weights may have several cards."""
    return f"{model.card.key} {model.digest}"


@st.cache_resource(max_entries=64, show_spinner=False)
def layers(model_key: str, _model: LoadedModel) -> tuple[LayerInfo, ...]:
    return xai.layers(_model)


@st.cache_resource(max_entries=16, show_spinner=False)
def sample(key: str) -> SourceImage:
    return xai.load_sample(key)


@st.cache_resource(max_entries=4, show_spinner=False)
def bundled_set(name: str) -> Dataset:
    """A data set that comes with the app."""
    return open_dataset(name)


def trace_for(model: LoadedModel, image: SourceImage, layers: tuple[LayerInfo, ...], wanted: str | None) -> ImageTrace:
    """A pass that keeps every layer of the short list, and the wanted one if it is none of them."""
    names = tuple(layer.name for layer in layers if layer.main or layer.name == wanted)
    traced = _traces().get_or_make(
        (identity(model), image.digest, names),
        lambda: xai.trace_image(model, image, names),
        lambda traced: bytes_of(traced.trace, besides=model.module),
        visitor(),
    )
    audit.predicted(traced)
    return traced


@st.cache_resource(max_entries=1, show_spinner=False)
def _traces() -> Kept:
    """One forward pass each; its graph answers any class and any of its layers later. They are large."""
    return Kept(memory("TRACE"), TRACES_EACH)


@st.cache_resource(max_entries=64, show_spinner=False)
def methods(model_key: str, _model: LoadedModel) -> dict[str, str | None]:
    """For each method None where it applies to the model, else why it does not."""
    return xai.methods(_model)


def steps(traced: ImageTrace, layer: str, class_index: int) -> GradCamSteps:
    """Grad-CAM taken apart at one layer of the pass."""
    return _steps(identity(traced.model), traced.image.digest, layer, class_index, traced)


@st.cache_resource(max_entries=8, show_spinner=False)
def _steps(model: str, image_digest: str, layer: str, class_index: int, _traced: ImageTrace) -> GradCamSteps:
    return grad_cam_steps(_traced, layer, class_index)


@st.cache_resource(max_entries=64, show_spinner=False)
def picture(image_digest: str, box: Box, name: str, _image: SourceImage, max_side: int = 1024) -> Picture:
    """The picture as the browser gets it, its longer side at most max_side pixels."""
    return picture_of(_image.pixels, box, name, max_side)


def sample_thumbs() -> dict[str, str]:
    """Small pictures of the samples, as data URLs by key."""
    return {s.key: thumb(image.digest, image) for s in SAMPLES for image in [sample(s.key)]}


@st.cache_resource(max_entries=256, show_spinner=False)
def thumb(image_digest: str, _image: SourceImage) -> str:
    return thumbnail(_image.pixels)
