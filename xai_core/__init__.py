"""Sightline's library: where an image classifier looks, without any user interface.

import xai_core as xai
result = xai.explain(xai.load_model("imagenet"), xai.load_image("cat.png"))
"""

from xai_core.attribution.catalog import methods
from xai_core.attribution.class_maps import class_maps
from xai_core.attribution.explain import explain, explain_trace, predict, suggested_layer, trace_image
from xai_core.errors import (
    Cancelled,
    ClassError,
    ImageError,
    LayerError,
    ModelError,
    NotApplicable,
    SightlineError,
)
from xai_core.images import load_image, load_sample
from xai_core.models.catalog import load_model, model_cards
from xai_core.models.layers import layers
from xai_core.models.load import wrap_model
from xai_core.models.preprocess import prepare
from xai_core.render.describe import describe
from xai_core.render.overlay import overlay
from xai_core.render.place import place
from xai_core.trace.pixel_gradient import input_gradient, neuron_gradient
from xai_core.types import (
    Box,
    Explanation,
    LayerInfo,
    LoadedModel,
    ModelCard,
    Prediction,
    ResizeRule,
    SourceImage,
)

__all__ = [
    "Box",
    "Cancelled",
    "ClassError",
    "Explanation",
    "ImageError",
    "LayerError",
    "LayerInfo",
    "LoadedModel",
    "ModelCard",
    "ModelError",
    "NotApplicable",
    "Prediction",
    "ResizeRule",
    "SightlineError",
    "SourceImage",
    "class_maps",
    "describe",
    "explain",
    "explain_trace",
    "input_gradient",
    "layers",
    "load_image",
    "load_model",
    "load_sample",
    "methods",
    "model_cards",
    "neuron_gradient",
    "overlay",
    "place",
    "predict",
    "prepare",
    "suggested_layer",
    "trace_image",
    "wrap_model",
]
