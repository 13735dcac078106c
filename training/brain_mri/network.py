"""The network: EfficientNet-Lite0 to the first block behind its stage of stride 16, a linear layer on the means."""

from __future__ import annotations

from pathlib import Path

import timm
import torch
from safetensors.torch import load_file
from torch import nn

from training.brain_mri.split import CLASSES
from xai_core.models.sources.imagenet import build_imagenet

FROZEN = 3  # stages of the ImageNet network that stay as they are, after its stem


def network() -> nn.Module:
    """Without weights: (n, 3, 192, 192) to scores (n, 4); its last maps have a grid of 12 x 12."""
    return _shortened(timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=len(CLASSES)))


def started(start: Path | None) -> nn.Module:
    """The network to be trained, from ImageNet's weights, or from `start` (safetensors) where the shapes fit."""
    given = load_file(start) if start else build_imagenet().state_dict()
    made = network()
    own = made.state_dict()
    own.update({n: given[n].float() for n in own if n in given and given[n].shape == own[n].shape})
    made.load_state_dict(own)
    return made.to(memory_format=torch.channels_last)  # three times as fast on a processor


def _shortened(full: nn.Module) -> nn.Module:
    """Stride 16 in place of 32, and three quarters of the work less: the deep blocks cost most of a step.

    A finer grid shows a small tumour in a cell of its own.
    """
    full.blocks = full.blocks[:6]
    full.blocks[5] = full.blocks[5][:1]
    full.blocks[5][0].conv_dw.stride = (1, 1)
    inside = full.blocks[5][0].conv_pwl.out_channels
    full.conv_head = nn.Conv2d(inside, full.conv_head.out_channels, 1, bias=False)
    return full


def frozen_part(made: nn.Module) -> list[nn.Module]:
    """The stem and first stages, their parameters frozen."""
    frozen = [made.conv_stem, made.bn1, *made.blocks[:FROZEN]]
    for module in frozen:
        module.requires_grad_(False)
    return frozen
