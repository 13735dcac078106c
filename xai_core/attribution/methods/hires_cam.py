"""HiResCAM: every place of every channel weighted by its own gradient (Draelos & Carin 2020)."""

from torch import Tensor

from xai_core.attribution.method import Method, by_gradient


def hires_cam(activations: Tensor, gradients: Tensor) -> Tensor:
    """(n, c, h, w) activations and gradients to the signed map (n, h, w)."""
    return (gradients * activations).sum(dim=1)


METHOD = Method(
    key="hires_cam",
    title="HiResCAM",
    paper="Draelos & Carin, Use HiResCAM instead of Grad-CAM for faithful explanations, arXiv:2011.08891, 2020",
    about="Each place of each channel counts by its own gradient: a place that cannot move the score stays empty.",
    reading="The stronger the colour of a place, the more what the channels see at this very place {raised} the score.",
    answer=by_gradient(hires_cam),
)
