"""Parts of layers that are built from a file: padding by TensorFlow's rule, and weights put in without a copy."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn


class SamePadding(nn.Module):
    """TensorFlow's rule: as much padding as gives ceil(side / stride) places, the odd pixel at the end or the start."""

    def __init__(
        self, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int], at_end: bool, fill: float
    ):
        super().__init__()
        self.kernel, self.stride, self.dilation = tuple(kernel), tuple(stride), tuple(dilation)
        self.at_end, self.fill = at_end, fill

    def forward(self, x: Tensor) -> Tensor:
        pads: list[int] = []
        for axis in (1, 0):
            side, stride = x.shape[2 + axis], self.stride[axis]
            reach = (self.kernel[axis] - 1) * self.dilation[axis] + 1
            total = max((-(-side // stride) - 1) * stride + reach - side, 0)
            small, large = total // 2, total - total // 2
            pads += [small, large] if self.at_end else [large, small]
        return F.pad(x, pads, value=self.fill) if any(pads) else x


def filled(layer: nn.Module, **weights: Tensor | None) -> nn.Module:
    """The layer, made without storage, with these parameters and buffers."""
    for name, value in weights.items():
        if name in layer._buffers:
            layer._buffers[name] = value
        else:
            layer._parameters[name] = None if value is None else nn.Parameter(value, requires_grad=False)
    return layer
