"""Everything slow, computed once for all visitors. Strings are the keys; objects are underscored and never hashed."""

from __future__ import annotations

import streamlit as st

import xai_core as xai
from dashboard.core import audit_log
from dashboard.core.configuration import memory
from dashboard.core.lru_cache import LRUCache
from dashboard.core.memory_size import bytes_of
from dashboard.core.visitors import visitor
from dashboard.shared.components.choices import thumbnail
from dashboard.shared.components.viewer import DisplayImage, display_image_of
from xai_core.attribution.explain import ImageForwardPass
from xai_core.attribution.grad_cam_steps import GradCamSteps, grad_cam_steps
from xai_core.datasets import Dataset, open_dataset
from xai_core.errors import SightlineError
from xai_core.forward.receptive_field import receptive_fields
from xai_core.images import SAMPLES
from xai_core.models.preprocess import model_view
from xai_core.types import Box, LayerInfo, LoadedModel, ModelConfig, ReceptiveField, SourceImage

FORWARD_PASSES_EACH = 4  # passes that one visitor holds: two panes, and the two before them


@st.cache_resource(show_spinner=False)
def configs() -> dict[str, ModelConfig]:
    """The records of all models by key, the default first."""
    return {config.key: config for config in xai.model_configs()}


def model(key: str) -> LoadedModel:
    """A model of the catalogue, loaded once for all who ask; those used longest ago make room within the budget."""
    return _models().get_or_make(key, lambda: xai.load_model(key), lambda loaded: bytes_of(loaded.module))


@st.cache_resource(max_entries=1, show_spinner=False)
def _models() -> LRUCache:
    return LRUCache(memory("MODEL"))


def identity(model: LoadedModel) -> str:
    """What tells a model apart from all others: its weights, and its key, since weights may have several cards."""
    return f"{model.config.key} {model.digest}"


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


def image_forward_pass(
    model: LoadedModel, image: SourceImage, layers: tuple[LayerInfo, ...], wanted: str | None
) -> ImageForwardPass:
    """A pass that keeps every layer of the short list, and the wanted one if it is none of them."""
    names = tuple(layer.name for layer in layers if layer.main or layer.name == wanted)
    image_pass = _forward_passes().get_or_make(
        (identity(model), image.digest, names),
        lambda: xai.forward_image(model, image, names),
        lambda image_pass: bytes_of(image_pass.forward_pass, besides=model.module),
        visitor(),
    )
    audit_log.predicted(image_pass)
    return image_pass


@st.cache_resource(max_entries=1, show_spinner=False)
def _forward_passes() -> LRUCache:
    """One forward pass each; its graph answers any class and any of its layers later. They are large."""
    return LRUCache(memory("TRACE"), FORWARD_PASSES_EACH)


@st.cache_resource(max_entries=64, show_spinner=False)
def methods(model_key: str, _model: LoadedModel) -> dict[str, str | None]:
    """For each method None where it applies to the model, else why it does not."""
    return xai.methods(_model)


def steps(image_pass: ImageForwardPass, layer: str, class_index: int) -> GradCamSteps:
    """Grad-CAM taken apart at one layer of the pass."""
    return _steps(identity(image_pass.model), image_pass.image.digest, layer, class_index, image_pass)


@st.cache_resource(max_entries=8, show_spinner=False)
def _steps(model: str, image_digest: str, layer: str, class_index: int, _traced: ImageForwardPass) -> GradCamSteps:
    return grad_cam_steps(_traced, layer, class_index)


@st.cache_resource(max_entries=64, show_spinner=False)
def image(image_digest: str, box: Box, name: str, _image: SourceImage, max_side: int = 1024) -> DisplayImage:
    """The picture as the browser gets it, its longer side at most max_side pixels."""
    return display_image_of(_image.pixels, box, name, max_side)


def sample_thumbs() -> dict[str, str]:
    """Small pictures of the samples, as data URLs by key."""
    return {s.key: thumb(image.digest, image) for s in SAMPLES for image in [sample(s.key)]}


@st.cache_resource(max_entries=256, show_spinner=False)
def thumb(image_digest: str, _image: SourceImage) -> str:
    return thumbnail(_image.pixels)


def fields(model: LoadedModel, layers: tuple[LayerInfo, ...]) -> dict[str, ReceptiveField | str]:
    """The receptive field of each layer, or the reason why it has none."""
    return _fields(identity(model), repr(model.config.input_size), tuple(layer.name for layer in layers), model)


@st.cache_resource(max_entries=16, show_spinner=False)
def _fields(
    weights: str, input_size: str, names: tuple[str, ...], _model: LoadedModel
) -> dict[str, ReceptiveField | str]:
    size = (len(_model.config.mean), *_model.config.input_size)
    try:
        return dict(receptive_fields(_model.module, names, size))
    except SightlineError:
        return {name: _field_or_reason(_model, name, size) for name in names}


def _field_or_reason(model: LoadedModel, name: str, size: tuple[int, ...]) -> ReceptiveField | str:
    try:
        return receptive_fields(model.module, [name], size)[name]
    except SightlineError as error:
        return str(error)


def seen_thumb(image_pass: ImageForwardPass) -> str:
    """What the model saw, small, as a data URL."""
    return _seen_thumb(identity(image_pass.model), image_pass.image.digest, image_pass)


@st.cache_resource(max_entries=64, show_spinner=False)
def _seen_thumb(weights: str, image: str, _traced: ImageForwardPass) -> str:
    return thumbnail(model_view(_traced.model.config, _traced.given))
