"""The core types: frozen records that flow image -> model -> forward pass -> attribution -> render."""

from xai_core.types.answer import (
    ClassScore,
    Explanation,
    FeatureTable,
    LayerInfo,
    Prediction,
    ReceptiveField,
    Score,
)
from xai_core.types.image import Box, SourceImage, Window
from xai_core.types.model import (
    CLINICAL_CAUTION,
    RESEARCH_ONLY,
    ChannelOrder,
    Download,
    Interpolation,
    Labels,
    LoadedModel,
    ModelConfig,
    ModelInput,
    ResizeRule,
)
from xai_core.types.progress import ProgressCallback

__all__ = [
    "CLINICAL_CAUTION",
    "RESEARCH_ONLY",
    "Box",
    "ChannelOrder",
    "ClassScore",
    "Download",
    "Explanation",
    "FeatureTable",
    "Interpolation",
    "Labels",
    "LayerInfo",
    "LoadedModel",
    "ModelConfig",
    "ModelInput",
    "Prediction",
    "ProgressCallback",
    "ReceptiveField",
    "ResizeRule",
    "Score",
    "SourceImage",
    "Window",
]
