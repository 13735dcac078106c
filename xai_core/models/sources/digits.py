"""The small network for scikit-learn's handwritten digits: four convolutions, global average pooling, a linear layer.

Its weights lie beside this file; `python -m training.digits` makes them; weights/digits.json says how good they are.
"""

from collections import OrderedDict
from pathlib import Path

from safetensors.torch import load
from torch import nn

from xai_core.models.source import ModelSource
from xai_core.models.weights_file import bundled_weights
from xai_core.types import ModelConfig, ResizeRule

WEIGHTS = Path(__file__).parents[1] / "weights" / "digits.safetensors"


def digits_config() -> ModelConfig:
    """The record of the bundled digits model."""
    return ModelConfig(
        key="digits",
        title="Handwritten digits (small CNN)",
        source="training/digits.py, trained on scikit-learn's digits (UCI optical recognition of handwritten digits)",
        licence="Weights: as this project. Data: Alpaydin and Kaynak 1998, CC BY 4.0",
        input_size=(16, 16),
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        resize=ResizeRule(shorter_side=None),
        class_names=tuple(str(digit) for digit in range(10)),
        first_conv="block1.conv",
        classifier="classifier",
        default_layer="block4",
        notes=("Digits 0 to 9, light on dark, 8 x 8 pixels; 47 thousand parameters; on your machine, no download.",),
    )


def build_digits() -> nn.Module:
    """The network with its weights, in eval mode."""
    module = digits_network()
    module.load_state_dict(load(bundled_weights(WEIGHTS)))  # copied into float32
    return module.eval()


def digits_network(channels: int = 3) -> nn.Sequential:
    """The network without weights: (n, channels, 16, 16) to scores (n, 10); grids 16 x 16, then 8 x 8 three times."""
    return nn.Sequential(
        OrderedDict(
            block1=_block(channels, 16, 5),
            halve=nn.MaxPool2d(2),
            block2=_block(16, 32, 3),
            block3=_block(32, 48, 3),
            block4=_block(48, 64, 3),
            pool=nn.AdaptiveAvgPool2d(1),
            flatten=nn.Flatten(),
            classifier=nn.Linear(64, 10),
        )
    )


def _block(channels: int, filters: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(channels, filters, kernel, padding=kernel // 2, bias=False),
            norm=nn.BatchNorm2d(filters),
            relu=nn.ReLU(),
        )
    )


SOURCE = ModelSource("digits", "bundled", lambda: (digits_config(),), lambda _config, _progress: build_digits())
