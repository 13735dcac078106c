"""Grad-CAM: channels weighted by the mean gradient of the class score (Selvaraju et al. 2017, equations 1 and 2)."""

from torch import Tensor

from xai_core.attribution.method import Method, by_gradient


def grad_cam(activations: Tensor, gradients: Tensor) -> Tensor:
    """(n, c, h, w) activations and gradients to the signed map (n, h, w), before the ReLU of equation 2."""
    alpha = gradients.mean(dim=(2, 3), keepdim=True)
    return (alpha * activations).sum(dim=1)


METHOD = Method(
    key="grad_cam",
    title="Grad-CAM",
    paper="Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks, ICCV 2017",
    about="Each channel of the layer counts by how much it would raise the class score.",
    reading="The stronger the colour of a place, the more the channels that fire there {raised} the score of this "
    "class.",
    answer=by_gradient(grad_cam),
)
