"""Small classifiers of random weights, saved by transformers itself: {kind: (configuration, processor)}."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers as hf

SIDE = 32
NAMES = {0: "cat", 1: "dog", 2: "bird"}
TOKENS = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 37}
GRID = {**TOKENS, "image_size": SIDE, "patch_size": 8}

CONFIGS: dict[str, Callable[[], Any]] = {
    "vit": lambda: hf.ViTConfig(**GRID, id2label=NAMES),
    "deit": lambda: hf.DeiTConfig(**GRID, id2label=NAMES),
    "swin": lambda: hf.SwinConfig(
        image_size=SIDE, patch_size=2, embed_dim=16, depths=[1, 2], num_heads=[2, 2], window_size=4, id2label=NAMES
    ),
    "convnext": lambda: hf.ConvNextConfig(hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], id2label=NAMES),
    "resnet": lambda: hf.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic", id2label=NAMES
    ),
    "beit": lambda: hf.BeitConfig(**GRID, use_relative_position_bias=True, id2label=NAMES),
    "mobilenet_v2": lambda: hf.MobileNetV2Config(depth_multiplier=0.25, id2label=NAMES),
    "efficientnet": lambda: hf.EfficientNetConfig(
        image_size=SIDE, width_coefficient=0.25, hidden_dim=320, num_block_repeats=[1] * 7, id2label=NAMES
    ),
    "dinov2": lambda: hf.Dinov2Config(**GRID, id2label=NAMES),
}
SQUARE = {"height": SIDE, "width": SIDE}
PROCESSORS: dict[str, Callable[[], Any]] = {
    "vit": lambda: hf.ViTImageProcessorPil(size=SQUARE),
    "deit": lambda: hf.DeiTImageProcessorPil(size={"height": 36, "width": 36}, crop_size=SQUARE),
    "swin": lambda: hf.ViTImageProcessorPil(size=SQUARE, image_mean=[0.485, 0.456, 0.406], resample=3),
    "convnext": lambda: hf.ConvNextImageProcessorPil(size={"shortest_edge": SIDE}, crop_pct=0.875),
    "resnet": lambda: hf.ConvNextImageProcessorPil(size={"shortest_edge": 384}),
    "beit": lambda: hf.BeitImageProcessorPil(size=SQUARE, do_center_crop=False),
    "mobilenet_v2": lambda: hf.MobileNetV2ImageProcessorPil(size={"shortest_edge": 37}, crop_size=SQUARE),
    "efficientnet": lambda: hf.EfficientNetImageProcessorPil(
        size=SQUARE, resample=0, rescale_factor=1 / 127.5, rescale_offset=True, image_std=[0.47853944, 0.4732864, 0.5]
    ),
    "dinov2": lambda: hf.BitImageProcessorPil(size={"shortest_edge": 41}, crop_size=SQUARE, image_std=[0.2, 0.3, 0.4]),
}


def saved(kind: str, folder: Path, **more: Any) -> Any:
    """The network, after it was saved with its processor into the folder. more: of its configuration."""
    torch.manual_seed(0)
    settings = CONFIGS[kind]()
    for name, value in more.items():
        setattr(settings, name, value)
    network = getattr(hf, type(settings).__name__.replace("Config", "ForImageClassification"))(settings).eval()
    for name, tensor in network.state_dict().items():  # as they begin, they would tell nothing
        if tensor.ndim > 1 and "weight" in name:
            tensor.normal_(0, (2 * len(tensor) / tensor.numel()) ** 0.5)
        elif tensor.is_floating_point():
            tensor.copy_(tensor + 0.1 * torch.rand_like(tensor))
    network.save_pretrained(folder)
    PROCESSORS[kind]().save_pretrained(folder)
    told = json.loads((folder / "config.json").read_text())
    assert told["model_type"] == kind
    return network
