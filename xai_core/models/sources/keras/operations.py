"""Keras's layers that PyTorch lacks. Maps are held (n, c, h, w) here, (n, h, w, c) in Keras; all else is alike."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xai_core.models.sources.layer_parts import SamePadding


def as_keras(x: Tensor) -> Tensor:
    """Maps with their channels last, as Keras numbers the axes; everything else as it is."""
    return x.permute(0, 2, 3, 1) if x.ndim == 4 else x


def as_held(x: Tensor) -> Tensor:
    """The way back from `as_keras`."""
    return x.permute(0, 3, 1, 2) if x.ndim == 4 else x


class Flatten(nn.Module):
    """In Keras's order: all channels of a place stand together."""

    def forward(self, x: Tensor) -> Tensor:
        return as_keras(x).flatten(1)


class Reshape(nn.Module):
    """To other sizes, (n, *target) in Keras's order; -1 is what is left."""

    def __init__(self, target: Sequence[int]) -> None:
        super().__init__()
        self.target = tuple(target)

    def forward(self, x: Tensor) -> Tensor:
        return as_held(as_keras(x).reshape(len(x), *self.target))


class Permute(nn.Module):
    """dims: in Keras's order, counted from 1 for the first axis behind the batch."""

    def __init__(self, dims: Sequence[int]) -> None:
        super().__init__()
        self.dims = tuple(dims)

    def forward(self, x: Tensor) -> Tensor:
        return as_held(as_keras(x).permute(0, *self.dims))


class OverLast(nn.Module):
    """A layer over the last axis in Keras's order: of maps, the channels."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        return as_held(self.layer(as_keras(x)))


class Scale(nn.Module):
    """(x - mean) / spread over the last axis in Keras's order, or x * spread + mean: buffers "factor" and "shift"."""

    factor: Tensor
    shift: Tensor

    def __init__(self, factor: Sequence[int], shift: Sequence[int]) -> None:
        super().__init__()
        self.register_buffer("factor", torch.empty(tuple(factor), device="meta"))
        self.register_buffer("shift", torch.empty(tuple(shift), device="meta"))

    def forward(self, x: Tensor) -> Tensor:
        return as_held(as_keras(x) * self.factor + self.shift)


class Slopes(nn.Module):
    """PReLU with a slope for each place of the map: buffer "slope" in Keras's order."""

    slope: Tensor

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        self.register_buffer("slope", torch.empty(tuple(shape), device="meta"))

    def forward(self, x: Tensor) -> Tensor:
        return as_held(torch.where(as_keras(x) < 0, as_keras(x) * self.slope, as_keras(x)))


class SameAveragePool(nn.Module):
    """The mean of the cells that lie in the map: TensorFlow's padding does not count."""

    def __init__(self, size: Sequence[int], stride: Sequence[int]) -> None:
        super().__init__()
        self.size, self.stride = tuple(size), tuple(stride)
        self.padding = SamePadding(size, stride, (1, 1), True, 0.0)

    def forward(self, x: Tensor) -> Tensor:
        count = torch.ones_like(x[:1, :1])
        sums, counts = (F.avg_pool2d(self.padding(v), self.size, self.stride, divisor_override=1) for v in (x, count))
        return sums / counts


class Resize(nn.Module):
    """To a size, or by whole factors, as TensorFlow 2 samples: half-pixel centres, no smoothing."""

    def __init__(self, mode: str, size: Sequence[int] | None = None, factors: Sequence[int] | None = None) -> None:
        super().__init__()
        self.mode, self.size, self.factors = mode, size, factors

    def forward(self, x: Tensor) -> Tensor:
        size = self.size or [side * factor for side, factor in zip(x.shape[2:], self.factors or (1, 1), strict=True)]
        return F.interpolate(x, list(size), mode=self.mode, align_corners=None if self.mode == "nearest" else False)


class CentreCrop(nn.Module):
    def __init__(self, size: Sequence[int]) -> None:
        super().__init__()
        self.size = tuple(size)

    def forward(self, x: Tensor) -> Tensor:
        (top, left), (height, width) = ((x.shape[2] - self.size[0]) // 2, (x.shape[3] - self.size[1]) // 2), self.size
        return x[:, :, top : top + height, left : left + width]


class Merge(nn.Module):
    """Several tensors to one, number by number. weights: of each; a vector stands for a map of one place."""

    def __init__(self, function: Callable[[Tensor, Tensor], Tensor], divided: int = 1) -> None:
        super().__init__()
        self.function, self.divided = function, divided

    def forward(self, *inputs: Tensor) -> Tensor:
        maps = any(x.ndim == 4 for x in inputs)
        made = [x[:, :, None, None] if maps and x.ndim == 2 else x for x in inputs]
        total = made[0]
        for other in made[1:]:
            total = self.function(total, other)
        return total / self.divided if self.divided > 1 else total


class ScaledSum(nn.Module):
    """x + y * scale, as Inception-ResNet adds its branches."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return x + y * self.scale


class Concatenate(nn.Module):
    """axis: of what is held here."""

    def __init__(self, axis: int) -> None:
        super().__init__()
        self.axis = axis

    def forward(self, *inputs: Tensor) -> Tensor:
        return torch.cat(inputs, self.axis)


class Calculation(nn.Module):
    """A function of NumPy's kind. template: its arguments, numbers and lists of numbers, None where a tensor goes."""

    def __init__(self, function: Callable[..., Tensor], template: Sequence[Any]) -> None:
        super().__init__()
        self.function, self.template = function, tuple(template)

    def forward(self, *inputs: Tensor) -> Tensor:
        tensors = iter(map(as_keras, inputs))
        like = inputs[0]
        arguments = [next(tensors) if one is None else _number(one, like) for one in self.template]
        return as_held(self.function(*arguments))


def _number(value: Any, like: Tensor) -> Any:
    return torch.tensor(value, dtype=like.dtype, device=like.device) if isinstance(value, tuple) else value


class Channel(nn.Module):
    """One entry of the last axis in Keras's order: of maps (n, c, h, w) a channel (n, h, w)."""

    def __init__(self, index: int) -> None:
        super().__init__()
        self.index = index

    def forward(self, x: Tensor) -> Tensor:
        return as_keras(x)[..., self.index]


class Stack(nn.Module):
    """Channels (n, h, w) to maps (n, c, h, w)."""

    def forward(self, *inputs: Tensor) -> Tensor:
        return as_held(torch.stack(inputs, -1))


class BoundedReLU(nn.Module):
    """Keras's ReLU with a ceiling, a threshold and a slope below it."""

    def __init__(self, ceiling: float | None, slope: float, threshold: float) -> None:
        super().__init__()
        self.ceiling, self.slope, self.threshold = ceiling, slope, threshold

    def forward(self, x: Tensor) -> Tensor:
        above = torch.where(x > self.threshold, x, 0) if self.threshold else x.relu()
        above = above if self.ceiling is None else above.clamp(max=self.ceiling)
        return above - self.slope * (self.threshold - x).relu() if self.slope else above


class OldHardSigmoid(nn.Module):
    """Keras 2's: 0.2 x + 0.5, cut to [0, 1]."""

    def forward(self, x: Tensor) -> Tensor:
        return (0.2 * x + 0.5).clamp(0, 1)


class Exponential(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.exp()


class LastSoftmax(nn.Module):
    """Over the last axis in Keras's order."""

    def __init__(self, log: bool = False) -> None:
        super().__init__()
        self.log = log

    def forward(self, x: Tensor) -> Tensor:
        axis = 1 if x.ndim == 4 else -1
        return torch.log_softmax(x, axis) if self.log else torch.softmax(x, axis)


class LayerScale(nn.Module):
    """ConvNeXt's factor for each channel."""

    gamma: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_parameter("gamma", nn.Parameter(torch.empty(channels, device="meta"), requires_grad=False))

    def forward(self, x: Tensor) -> Tensor:
        return as_held(as_keras(x) * self.gamma)
