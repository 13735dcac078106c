"""XGrad-CAM: channels weighted by their gradients where they fire (Fu et al. 2020)."""

import torch
from torch import Tensor

from xai_core.attribution.method import Method, by_gradient
from xai_core.attribution.methods import grad_cam


def xgrad_cam(activations: Tensor, gradients: Tensor) -> Tensor:
    """(n, c, h, w) activations and gradients to the signed map (n, h, w); weights: sum(A g) / sum(A), else 0."""
    total = activations.sum(dim=(2, 3), keepdim=True)
    weighted = (activations * gradients).sum(dim=(2, 3), keepdim=True)
    weights = torch.where(total == 0, 0, weighted / total)
    return (weights * activations).sum(dim=1)


METHOD = Method(
    key="xgrad_cam",
    title="XGrad-CAM",
    paper="Fu et al., Axiom-based Grad-CAM: Towards Accurate Visualization and Explanation of CNNs, BMVC 2020",
    about="Each channel counts by its gradient, averaged over the places where it fires.",
    reading=grad_cam.METHOD.reading,
    answer=by_gradient(xgrad_cam),
    caveat="Meant for layers behind a ReLU: where activations may be negative, single channels can take over the map.",
)
