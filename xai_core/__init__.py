"""Sightline's library: where an image classifier looks, without any user interface.

import xai_core as xai
result = xai.explain(xai.load_model("imagenet"), xai.load_image("cat.png"))
"""

from xai_core.attribution.catalog import how_to_read, methods
from xai_core.attribution.class_maps import class_maps
from xai_core.attribution.explain import explain, explain_forward_pass, forward_image, predict, suggested_layer
from xai_core.datasets import Dataset, open_dataset
from xai_core.deprecated import warn
from xai_core.embedding.build import build_table, stored_table
from xai_core.embedding.graph import knn_graph
from xai_core.embedding.neighbours import neighbours, open_index
from xai_core.errors import (
    Cancelled,
    ClassError,
    ImageError,
    LayerError,
    ModelError,
    NotApplicable,
    SettingError,
    SightlineError,
)
from xai_core.evaluation.verdict import trust
from xai_core.features.feature_maps import feature_maps, units_at
from xai_core.features.filter_facts import filter_facts
from xai_core.features.filters import filter_responses, first_layer_filters
from xai_core.features.patches import Patch, TopPatches, class_shares, patch_box
from xai_core.features.top_patches import top_patches
from xai_core.forward.pixel_gradient import effective_receptive_field, input_gradient, neuron_gradient
from xai_core.forward.receptive_field import receptive_field, receptive_fields
from xai_core.images import load_image, load_sample
from xai_core.models.catalog import load_model, model_configs
from xai_core.models.layers import layers
from xai_core.models.likeness import similar_to
from xai_core.models.load import wrap_model
from xai_core.models.preprocess import prepare
from xai_core.models.sources.checkpoint.opening import open_checkpoint
from xai_core.models.sources.huggingface.model import open_huggingface
from xai_core.models.sources.keras.model import open_keras
from xai_core.models.sources.onnx.model import open_onnx
from xai_core.render.describe import describe
from xai_core.render.overlay import overlay
from xai_core.render.place import place
from xai_core.types import (
    Answer,
    Box,
    Explanation,
    FeatureTable,
    LayerInfo,
    LoadedModel,
    ModelConfig,
    Prediction,
    ReceptiveField,
    ResizeRule,
    SourceImage,
)

__all__ = [
    "Answer",
    "Box",
    "Cancelled",
    "ClassError",
    "Dataset",
    "Explanation",
    "FeatureTable",
    "ImageError",
    "LayerError",
    "LayerInfo",
    "LoadedModel",
    "ModelConfig",
    "ModelError",
    "NotApplicable",
    "Patch",
    "Prediction",
    "ReceptiveField",
    "ResizeRule",
    "SettingError",
    "SightlineError",
    "SourceImage",
    "TopPatches",
    "build_table",
    "class_maps",
    "class_shares",
    "describe",
    "effective_receptive_field",
    "explain",
    "explain_forward_pass",
    "feature_maps",
    "filter_facts",
    "filter_responses",
    "first_layer_filters",
    "forward_image",
    "how_to_read",
    "input_gradient",
    "knn_graph",
    "layers",
    "load_image",
    "load_model",
    "load_sample",
    "methods",
    "model_configs",
    "neighbours",
    "neuron_gradient",
    "open_checkpoint",
    "open_dataset",
    "open_huggingface",
    "open_index",
    "open_keras",
    "open_onnx",
    "overlay",
    "patch_box",
    "place",
    "predict",
    "prepare",
    "receptive_field",
    "receptive_fields",
    "similar_to",
    "stored_table",
    "suggested_layer",
    "top_patches",
    "trust",
    "units_at",
    "wrap_model",
]


_RENAMED = {
    "ModelCard": "ModelConfig",
    "model_cards": "model_configs",
    "trace_image": "forward_image",
    "explain_trace": "explain_forward_pass",
}


def __getattr__(name: str) -> object:
    """The public names of the releases before 0.2, with a warning."""
    if name not in _RENAMED:
        raise AttributeError(f"module 'xai_core' has no attribute '{name}'")
    warn(f"xai_core.{name}", f"xai_core.{_RENAMED[name]}")
    return globals()[_RENAMED[name]]
