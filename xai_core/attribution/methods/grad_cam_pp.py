"""Grad-CAM++: channels weighted by positive gradients, each place by its own share (Chattopadhyay et al. 2018)."""

from torch import Tensor

from xai_core.attribution.method import Method, by_gradient
from xai_core.attribution.methods import grad_cam


def grad_cam_pp(activations: Tensor, gradients: Tensor) -> Tensor:
    """(n, c, h, w) activations and gradients of the score S to the signed map (n, h, w).

    The paper explains Y = exp(S). Where the network behind the layer is piecewise linear, Y's derivatives are powers of
    g = dS/dA times Y, and its equation 19, g² / (2 g² + sum(A) g³), is 1 / (2 + sum(A) g) wherever g is not 0. The
    channel's weight is the sum of this times relu(g); the factor Y, the same for the whole map, is left out.
    pytorch-grad-cam adds 1e-6 to the denominator of equation 19, which counts where gradients are near 1e-3.
    """
    positive = gradients.clamp(min=0)
    share = 1 / (2 + activations.sum(dim=(2, 3), keepdim=True) * positive)
    weights = (share * positive).sum(dim=(2, 3), keepdim=True)
    return (weights * activations).sum(dim=1)


METHOD = Method(
    key="grad_cam_pp",
    title="Grad-CAM++",
    paper="Chattopadhyay et al., Grad-CAM++: Improved Visual Explanations for Deep Convolutional Networks, WACV 2018",
    about="Like Grad-CAM, but only what raises the score counts, and several objects of a class show alike.",
    reading=grad_cam.METHOD.reading,
    answer=by_gradient(grad_cam_pp),
    caveat="Meant for layers behind a ReLU: where activations may be negative, single channels can take over the map.",
)
