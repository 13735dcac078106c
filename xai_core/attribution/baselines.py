"""What stands for "nothing there": the picture that integrated gradients start from and occlusion paints with."""

import math

import torch
from torch import Tensor
from torchvision.transforms.functional import gaussian_blur

from xai_core.attribution.method import AttributionRequest
from xai_core.errors import NotApplicable
from xai_core.types import ModelConfig

BASELINES = ("grey", "black", "white", "blurred")
_BLUR = 10 / 224  # standard deviation as a share of the shorter side: 10 pixels of 224 (Fong & Vedaldi 2017)


def baseline(kind: str, request: AttributionRequest) -> Tensor:
    """Like the question's inputs, (n, c, H, W), in the network's own scale.

    grey: zero, which after normalisation is the mean colour of the training pictures. blurred: the picture itself
    without detail. NotApplicable: black or white, and nobody said which values of the input those are.
    """
    inputs = request.inputs.detach()
    if kind == "grey":
        return torch.zeros_like(inputs)
    if kind == "blurred":
        return _blurred(inputs)
    if request.baselines is None:
        raise NotApplicable(
            f"The baseline is to be {kind}, but which input value is {kind} is not known for a bare tensor; "
            "give class_maps its levels=(black, white), or choose grey or blurred."
        )
    level = request.baselines[BASELINES.index(kind) - BASELINES.index("black")]
    return level.to(inputs).view(1, -1, 1, 1).expand_as(inputs).clone()


def black_white_baselines(config: ModelConfig) -> tuple[Tensor, Tensor]:
    """What a network reads for a black and for a white pixel, float32 (c,) each."""
    mean, std = torch.tensor(config.mean), torch.tensor(config.std)
    return -mean / std, (1 - mean) / std


def _blurred(inputs: Tensor) -> Tensor:
    sigma = _BLUR * min(inputs.shape[2:])
    side = 2 * math.ceil(3 * sigma) + 1
    blurred: Tensor = gaussian_blur(inputs, [side, side], [sigma, sigma])
    return blurred
