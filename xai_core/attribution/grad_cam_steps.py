"""Grad-CAM taken apart: every number between a layer's activations and the map, for one class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from xai_core.attribution.explain import ImageForwardPass
from xai_core.forward.forward_pass import maps_of, score_gradients
from xai_core.forward.target import Target


@dataclass(frozen=True, eq=False)
class GradCamSteps:
    """activations, gradients: float32 (c, h, w). alpha: float32 (c,), the mean gradient of each channel.

    contributions: float32 (c, h, w), alpha times activation; their sum over c is the map before ReLU.
    """

    layer: str
    class_index: int
    activations: np.ndarray
    gradients: np.ndarray
    alpha: np.ndarray
    contributions: np.ndarray

    @property
    def map(self) -> np.ndarray:
        """The map before ReLU: float32 (h, w)."""
        added: np.ndarray = self.contributions.sum(axis=0)
        return added

    def order(self) -> np.ndarray:
        """Channel indices by the sum of what they contribute, the largest magnitude first."""
        return np.argsort(-np.abs(self.contributions.sum(axis=(1, 2))), kind="stable")

    def partial_map(self, channels: Sequence[int] | np.ndarray) -> np.ndarray:
        """The map (h, w) that these channels alone make, before ReLU."""
        added: np.ndarray = self.contributions[np.asarray(channels, dtype=int)].sum(axis=0)
        return added


def grad_cam_steps(image_pass: ImageForwardPass, layer: str, class_index: int) -> GradCamSteps:
    """The stages of Grad-CAM (Selvaraju et al. 2017) for one class at one layer that the pass kept."""
    maps_of(image_pass.forward_pass, layer)
    target = Target(torch.tensor([[class_index]], device=image_pass.model.device))
    gradients = score_gradients(image_pass.forward_pass, target, [layer])[layer][0].float().cpu().numpy()
    activations = image_pass.forward_pass.activations[layer].detach()[0].float().cpu().numpy()
    alpha = gradients.mean(axis=(1, 2))
    return GradCamSteps(layer, class_index, activations, gradients, alpha, alpha[:, None, None] * activations)


def cancelled_share(raw: np.ndarray) -> float:
    """How much of a map's total magnitude is negative and goes with the ReLU: [0, 1], 0 for an empty map."""
    total = float(np.abs(raw).sum())
    return float(np.abs(raw[raw < 0]).sum() / total) if total else 0.0
