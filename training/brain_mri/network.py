"""The network as its training begins, and the part of it that stays as it is."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

from xai_core.models.sources.brain_mri import brain_mri_network
from xai_core.models.sources.imagenet import build_imagenet

FROZEN = 3  # stages of the ImageNet network that stay as they are, after its stem


def started(start: Path | None) -> nn.Module:
    """The network to be trained, from ImageNet's weights, or from `start` (safetensors) where the shapes fit."""
    given = load_file(start) if start else build_imagenet().state_dict()
    made = brain_mri_network()
    own = made.state_dict()
    own.update({n: given[n].float() for n in own if n in given and given[n].shape == own[n].shape})
    made.load_state_dict(own)
    return made.to(memory_format=torch.channels_last)  # three times as fast on a processor


def frozen_part(made: nn.Module) -> list[nn.Module]:
    """The stem and first stages, their parameters frozen."""
    frozen = [made.conv_stem, made.bn1, *made.blocks[:FROZEN]]
    for module in frozen:
        module.requires_grad_(False)
    return frozen
