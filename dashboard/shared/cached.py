"""Everything slow, computed once for all visitors, known again by all that goes into it (`BY_CONTENT`)."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

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
    """What tells a model apart from all others: its weights and all of its record, since weights may have several."""
    return f"{model.config.key} {model.digest} {_digest_of(model.config)}"


@lru_cache(maxsize=64)
def _digest_of(config: ModelConfig) -> str:
    return hashlib.blake2b(repr(config).encode(), digest_size=12).hexdigest()


def _image_identity(image: SourceImage) -> tuple[object, ...]:
    return image.digest, image.name, image.kind


def _pass_identity(image_pass: ImageForwardPass) -> tuple[object, ...]:
    return identity(image_pass.model), _image_identity(image_pass.image)


# How `st.cache_resource(hash_funcs=...)` knows an argument again: by all that decides what is made of it.
BY_CONTENT: dict[str | type[Any], Callable[[Any], Any]] = {
    LoadedModel: identity,
    SourceImage: _image_identity,
    ImageForwardPass: _pass_identity,
    LayerInfo: lambda layer: layer.name,  # of a model that is an argument, too
}


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=BY_CONTENT)
def layers(model: LoadedModel) -> tuple[LayerInfo, ...]:
    return xai.layers(model)


@st.cache_resource(max_entries=16, show_spinner=False)
def sample(key: str) -> SourceImage:
    return xai.load_sample(key)


@st.cache_resource(max_entries=4, show_spinner=False)
def bundled_set(name: str) -> Dataset:
    """A data set that comes with the app."""
    return open_dataset(name)


@dataclass(frozen=True)
class ForwardPassKey:
    """All that decides a pass. model: its `identity`. image: its digest. layers: that it keeps."""

    model: str
    image: str
    layers: tuple[str, ...]


def image_forward_pass(
    model: LoadedModel, image: SourceImage, layers: tuple[LayerInfo, ...], wanted: str | None
) -> ImageForwardPass:
    """A pass that keeps every layer of the short list, and the wanted one if it is none of them."""
    names = tuple(layer.name for layer in layers if layer.main or layer.name == wanted)
    image_pass = _forward_passes().get_or_make(
        ForwardPassKey(identity(model), image.digest, names),
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


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=BY_CONTENT)
def methods(model: LoadedModel) -> dict[str, str | None]:
    """For each method None where it applies to the model, else why it does not."""
    return xai.methods(model)


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=BY_CONTENT)
def steps(image_pass: ImageForwardPass, layer: str, class_index: int) -> GradCamSteps:
    """Grad-CAM taken apart at one layer of the pass."""
    return grad_cam_steps(image_pass, layer, class_index)


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=BY_CONTENT)
def image(image: SourceImage, box: Box, max_side: int = 1024) -> DisplayImage:
    """The picture as the browser gets it, its longer side at most max_side pixels."""
    return display_image_of(image.pixels, box, image.name, max_side)


def sample_thumbs() -> dict[str, str]:
    """Small pictures of the samples, as data URLs by key."""
    return {s.key: thumb(sample(s.key)) for s in SAMPLES}


@st.cache_resource(max_entries=256, show_spinner=False, hash_funcs=BY_CONTENT)
def thumb(image: SourceImage) -> str:
    return thumbnail(image.pixels)


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs=BY_CONTENT)
def fields(model: LoadedModel, layers: tuple[LayerInfo, ...]) -> dict[str, ReceptiveField | str]:
    """The receptive field of each layer, or the reason why it has none."""
    names, size = [layer.name for layer in layers], (len(model.config.mean), *model.config.input_size)
    try:
        return dict(receptive_fields(model.module, names, size))
    except SightlineError:
        return {name: _field_or_reason(model, name, size) for name in names}


def _field_or_reason(model: LoadedModel, name: str, size: tuple[int, ...]) -> ReceptiveField | str:
    try:
        return receptive_fields(model.module, [name], size)[name]
    except SightlineError as error:
        return str(error)


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=BY_CONTENT)
def seen_thumb(image_pass: ImageForwardPass) -> str:
    """What the model saw, small, as a data URL."""
    return thumbnail(model_view(image_pass.model.config, image_pass.given))
