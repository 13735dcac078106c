"""Where in its receptive field a unit really looks: few pixels in the middle matter, most hardly do."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from xai_core.forward.pixel_gradient import neuron_gradient


def effective_receptive_field(module: nn.Module, inputs: Tensor, layer: str, unit: Sequence[int] | Tensor) -> Tensor:
    """Absolute gradient of one unit with respect to the pixels, (H, W), at least 0.

    Summed over the channels of `inputs` (n, c, H, W) and averaged over its pictures (Luo et al. 2016). A single picture
    shows what matters there, many what matters at large. LayerError: no such layer or unit.
    """
    return neuron_gradient(module, inputs, layer, unit, rule="gradient").abs().sum(dim=1).mean(dim=0)
