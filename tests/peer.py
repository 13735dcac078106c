"""pytorch-grad-cam as an oracle: its maps at the layer's native grid."""

from __future__ import annotations

import numpy as np
from pytorch_grad_cam.base_cam import BaseCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn


def peer_maps(kind: type[BaseCAM], module: nn.Module, inputs: Tensor, layer: str, class_index: int) -> np.ndarray:
    """Maps (n, h, w) of one class after its own ReLU and its scaling to [0, 1]."""
    with kind(module, [module.get_submodule(layer)]) as cam:
        cam.get_target_width_height = lambda _inputs: None  # no enlargement to the picture's size
        return cam(inputs, targets=[ClassifierOutputTarget(class_index)] * len(inputs))


def normalised(maps: Tensor) -> np.ndarray:
    """Our signed maps (n, h, w) the same way: ReLU, then from each map's least to its greatest."""
    positive = maps.clamp(min=0).flatten(1).double().numpy()
    shifted = positive - positive.min(axis=1, keepdims=True)
    return (shifted / shifted.max(axis=1, keepdims=True)).reshape(maps.shape)


def correlation(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The worst correlation of one of our maps (n, h, w) with its counterpart."""
    return min(float(np.corrcoef(a.ravel(), b.ravel())[0, 1]) for a, b in zip(ours, theirs, strict=True))
