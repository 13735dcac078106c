"""Ablation-CAM: channels weighted by how far the score drops without them (Desai & Ramaswamy 2020)."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from xai_core.attribution.by_channel import by_channel
from xai_core.attribution.method import AttributionRequest, Method, setting
from xai_core.forward.replay import replayer


@dataclass(frozen=True)
class Settings:
    batch: int = setting(32, "Channels in one pass", low=1, high=512, step=1, help="Speed and memory; not the result.")


def _alive(activations: Tensor, _settings: Settings) -> Tensor:
    """Channels that are not zero already; the others make no difference."""
    return activations.flatten(1).ne(0).any(dim=1).nonzero()[:, 0]


def _start(request: AttributionRequest, image: int, layer: str) -> Callable[[Tensor], Tensor]:
    replay = replayer(request.module, request.inputs[image : image + 1], layer)
    activations = request.forward_pass.activations[layer].detach()[image]

    def run(channels: Tensor) -> Tensor:
        ablated = activations.repeat(len(channels), 1, 1, 1)
        ablated[torch.arange(len(channels), device=channels.device), channels] = 0
        return replay(ablated)

    return run


def relative_drops(activations: Tensor, channels: Tensor, ablated: Tensor, untouched: Tensor) -> Tensor:
    """Weights (c, k): (y - y without the channel) / |y|, from the scores y without each of `channels` (m, k).

    The paper divides by y; the magnitude keeps the sign of a negative score's drops. pytorch-grad-cam replaces channels
    of layers with negative values by -1e7, the paper and this by 0.
    """
    size = torch.where(untouched == 0, 1, untouched.abs())
    weights = untouched.new_zeros(len(activations), len(untouched))
    weights[channels] = (untouched - ablated) / size
    return weights


METHOD = Method(
    key="ablation_cam",
    title="Ablation-CAM",
    paper="Desai & Ramaswamy, Ablation-CAM: Visual Explanations for Deep Convolutional Network via Gradient-free "
    "Localization, WACV 2020",
    about="Each channel counts by how far the class score drops when the channel is switched off; no gradients.",
    reading="The stronger the colour of a place, the more strongly channels fire there without which the score of this "
    "class {falls}.",
    answer=by_channel(_alive, _start, relative_drops, lambda _question, settings: settings.batch),
    settings=Settings,
    slow=True,
)
