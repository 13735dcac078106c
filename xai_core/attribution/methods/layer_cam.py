"""LayerCAM: every place of every channel weighted by its own positive gradient (Jiang et al. 2021)."""

from torch import Tensor

from xai_core.attribution.method import Method, by_gradient
from xai_core.attribution.methods import hires_cam


def layer_cam(activations: Tensor, gradients: Tensor) -> Tensor:
    """(n, c, h, w) activations and gradients to the map (n, h, w); negative gradients are dropped, activations kept."""
    return (gradients.clamp(min=0) * activations).sum(dim=1)


METHOD = Method(
    key="layer_cam",
    title="LayerCAM",
    paper="Jiang et al., LayerCAM: Exploring Hierarchical Class Activation Maps for Localization, IEEE TIP 2021",
    about="Each place of each channel counts by its own positive gradient, which keeps maps of early layers sharp.",
    reading=hires_cam.METHOD.reading,
    answer=by_gradient(layer_cam),
)
