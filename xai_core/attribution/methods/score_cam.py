"""Score-CAM: channels weighted by the score of the picture seen through them (Wang et al. 2020)."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from xai_core.attribution.by_channel import by_channel
from xai_core.attribution.method import AttributionRequest, Method, setting
from xai_core.forward.forward_pass import run_forward


@dataclass(frozen=True)
class Settings:
    channels: int = setting(
        0,
        "Channels (0: all)",
        low=0,
        high=8192,
        step=1,
        help="The paper takes all; fewer takes those that vary most between places, and less time.",
    )
    batch: int = setting(
        0,
        "Channels in one pass (0: automatic)",
        low=0,
        high=512,
        step=1,
        help="Speed and memory; not the result. Automatic chooses by the picture's size.",
    )


def _select(activations: Tensor, settings: Settings) -> Tensor:
    """Channels with a mask of their own, the most varied first, and one to stand for all that are constant."""
    spread = _spread(activations)
    order = torch.argsort(spread, descending=True, stable=True)[: settings.channels or None]
    return order[: int((spread[order] > 0).sum()) + 1]


def _spread(activations: Tensor) -> Tensor:
    """The range of each channel's values, (c,)."""
    return activations.flatten(1).amax(dim=1) - activations.flatten(1).amin(dim=1)


def _start(request: AttributionRequest, picture: int, layer: str) -> Callable[[Tensor], Tensor]:
    image = request.inputs[picture : picture + 1].detach()
    activations = request.forward_pass.activations[layer].detach()[picture]

    def run(channels: Tensor) -> Tensor:
        masked = image * masks(activations[channels], image.shape[2:])
        return run_forward(request.module, masked.contiguous(memory_format=_memory_format(masked)), ()).scores

    return run


def channels_at_once(height: int, width: int) -> int:
    """How many masked pictures of this size go into one pass: of small ones more, as they weigh less than the network.

    Against 16 everywhere this saves a third of the time at 48 x 48 pixels and a tenth at 96 x 96 (ResNet-18).
    """
    return min(64, max(16, 600_000 // (height * width)))


def _memory_format(batch: Tensor) -> torch.memory_format:
    """What a CPU runs a batch fastest in: channels last, but for small pictures, where the weights outweigh them."""
    return torch.channels_last if batch.shape[2] * batch.shape[3] >= 112 * 112 else torch.contiguous_format


def masks(activations: Tensor, size: tuple[int, ...]) -> Tensor:
    """Channels (b, h, w) as masks (b, 1, H, W), [0, 1]: upsampled, then each stretched to its own range.

    Bilinear with half-pixel centres, as in the authors' code and as the map is placed; pytorch-grad-cam aligns corners.
    A channel that is constant, or so finely drawn that no pixel of the mask meets it, hides the whole picture.
    """
    large = F.interpolate(activations[:, None], tuple(size), mode="bilinear", align_corners=False)
    low, high = large.amin(dim=(2, 3), keepdim=True), large.amax(dim=(2, 3), keepdim=True)
    varied = _spread(activations)[:, None, None, None] > 0  # upsampled, a constant is so only up to rounding
    varied = varied & (high > low)
    return torch.where(varied, (large - low) / (high - low), 0)


def shares(activations: Tensor, channels: Tensor, numbers: Tensor, _untouched: Tensor) -> Tensor:
    """Weights (c, k): the softmax over the channels of what each scored, the paper's algorithm 1; 0 for those left out.

    The score of a blank picture, which the paper subtracts first, cancels in the softmax.
    """
    constant = _spread(activations) == 0
    scored = numbers.new_full((len(activations), numbers.shape[1]), -torch.inf)
    scored[channels] = numbers
    blank = channels[constant[channels]]
    if len(blank):
        scored[constant] = scored[blank[0]].clone()
    return torch.softmax(scored, dim=0)


METHOD = Method(
    key="score_cam",
    title="Score-CAM",
    paper="Wang et al., Score-CAM: Score-Weighted Visual Explanations for Convolutional Neural Networks, CVPRW 2020",
    about="Each channel counts by how well the class scores when only what the channel marks is shown; no gradients.",
    reading="The stronger the colour of a place, the more strongly channels fire there whose places, shown alone, give "
    "this class a high score.",
    answer=by_channel(
        _select, _start, shares, lambda request, s: s.batch or channels_at_once(*request.inputs.shape[2:])
    ),
    settings=Settings,
    slow=True,
    caveat="A masked picture is itself something that the network has never seen.",
)
