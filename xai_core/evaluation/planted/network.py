"""The small networks of the planted-truth bench: four convolutions, global average pooling and a linear layer.

`python -m training.planted` makes their weights, which lie beside this file; planted.json there says how good they are.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from safetensors.torch import load_file
from torch import nn

from xai_core.evaluation.planted import lesions, shapes
from xai_core.evaluation.planted.scene import SIDE
from xai_core.models.load import loaded
from xai_core.types import LoadedModel, ModelConfig, ResizeRule

World = Literal["shapes", "lesions", "marked"]
WORLDS: tuple[World, ...] = get_args(World)
STAGES = ("block2", "block3", "block4")
CLASSES: dict[World, tuple[str, ...]] = {
    "shapes": shapes.CLASSES,
    "lesions": lesions.CLASSES,
    "marked": shapes.MARKED_CLASSES,
}
_TITLES = {"shapes": "Planted shapes", "lesions": "Planted lesions", "marked": "Planted marks (a cheat)"}
FOLDER = Path(__file__).with_name("weights")


def planted_network(classes: int) -> nn.Sequential:
    """The network without weights: (n, 3, h, w) to scores (n, classes). For 96 x 96: grids 48, 24, 12 and 12."""
    return nn.Sequential(
        OrderedDict(
            block1=_block(3, 16, 5, 2),
            block2=_block(16, 32, 3, 2),
            block3=_block(32, 48, 3, 2),
            block4=_block(48, 64, 3, 1),
            pool=nn.AdaptiveAvgPool2d(1),
            flatten=nn.Flatten(),
            classifier=nn.Linear(64, classes),
        )
    )


def _block(channels: int, filters: int, kernel: int, stride: int) -> nn.Sequential:
    convolution = nn.Conv2d(channels, filters, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(OrderedDict(conv=convolution, norm=nn.BatchNorm2d(filters), relu=nn.ReLU()))


@cache
def planted_model(world: World) -> LoadedModel:
    """The trained network of a world, ready to be explained."""
    network = planted_network(len(CLASSES[world]))
    network.load_state_dict(load_file(FOLDER / f"{world}.safetensors"))  # copied into float32
    return loaded(config(world), network.eval(), torch.device("cpu"))


@cache
def facts() -> dict[str, Any]:
    """How the networks were trained and how good they are, by world."""
    told: dict[str, Any] = json.loads((FOLDER / "planted.json").read_text("utf-8"))
    return told


def config(world: World) -> ModelConfig:
    return ModelConfig(
        key=f"planted/{world}",
        title=_TITLES[world],
        source="training/planted, trained on pictures with planted evidence",
        licence="as this project",
        input_size=(SIDE, SIDE),
        mean=(0.5, 0.5, 0.5),
        std=(0.25, 0.25, 0.25),
        resize=ResizeRule(shorter_side=None),
        class_names=CLASSES[world],
        first_conv="block1.conv",
        classifier="classifier",
        default_layer="block4",
    )
