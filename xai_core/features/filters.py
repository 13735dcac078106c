"""First-layer filters: found by watching what meets the picture, drawn as tiles, compared with each other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from xai_core.errors import LayerError, ModelError, NotApplicable
from xai_core.models.isolate import find_layer
from xai_core.models.load import frozen

Scaling = Literal["each", "all"]

_SIDES = (224, 299, 32, 64, 16)  # networks that take one size only refuse another before their first convolution


@dataclass(frozen=True, eq=False)
class Convolution:
    """A convolution and its filters.

    name: its dotted name, None where no module holds exactly these weights (standardised ones, a functional call).
    filters: (n, c, h, w) as they are applied. groups: of the convolution; c is the number of channels in one group.
    stride: (rows, columns), the steps in which it slides over the picture.
    """

    name: str | None
    filters: Tensor
    groups: int
    stride: tuple[int, int]

    @property
    def coloured(self) -> bool:
        """Whether each filter weighs red, green and blue: all the channels there are, and three of them."""
        return self.groups == 1 and self.filters.shape[1] == 3

    def channels_of(self, k: int) -> range:
        """The input channels that filter k reads: those of its group."""
        n, c = self.filters.shape[:2]
        start = k * self.groups // n * c
        return range(start, start + c)

    @property
    def cuts_patches(self) -> bool:
        """Whether the filters never overlap on the picture, as in the patch embedding of a transformer."""
        height, width = self.filters.shape[2:]
        return height * width > 1 and self.stride[0] >= height and self.stride[1] >= width


def first_layer_filters(module: nn.Module, input_shape: Sequence[int] | None = None) -> Tensor:
    """The filters (n, c, h, w) of the first convolution of a network; see `first_layer`."""
    return first_layer(module, input_shape).filters


def first_layer(module: nn.Module, input_shape: Sequence[int] | None = None) -> Convolution:
    """The first convolution that runs in a pass over a grey picture, whatever it is called; the pass stops there.

    input_shape: (c, H, W), tried in usual sizes where it is not given. The network is left as it was.
    NotApplicable: the network runs without a convolution. ModelError: it takes no picture of any size tried.
    """
    network = _calm(module)
    shapes = [tuple(input_shape)] if input_shape else _usual_shapes(module)
    for shape in shapes:
        try:
            call = _first_call(network, _grey(network, shape))
        except NotApplicable:
            raise
        except Exception as error:  # networks refuse a size in ways that no list ends
            failed = str(error).partition("\n")[0]
            continue
        names = [name for name, tensor in network.named_parameters() if tensor is call.weight]
        name = names[0].removesuffix(".weight") if names else None
        return Convolution(name, call.weight.detach(), call.groups, call.stride)
    raise ModelError(
        f"The network takes no picture of {', '.join(map(str, shapes))} (channels, height, width): {failed}. "
        "Give the size that it was made for as input_shape."
    )


def filter_responses(module: nn.Module, inputs: Tensor) -> Tensor:
    """What each filter of the first layer gives on one picture (1, c, H, W): (n, h, w), its bias included."""
    call = _first_call(_calm(module), inputs)
    with torch.no_grad():
        return call.run()[0]


def convolution(module: nn.Module, name: str) -> Convolution:
    """A convolution anywhere in the network, its filters as they are stored.

    LayerError: there is no such layer, or it is no convolution over pictures.
    """
    layer = find_layer(module, name)
    if not isinstance(layer, nn.Conv2d):
        raise LayerError(f"Layer '{name}' is a {type(layer).__name__} and has no filters; choose a convolution.")
    return Convolution(name, layer.weight.detach(), layer.groups, _pair(layer.stride))


def tiles(filters: Tensor, scaling: Scaling = "each", coloured: bool | None = None) -> np.ndarray:
    """Filters (n, c, h, w) as uint8: colour tiles (n, h, w, 3) for three channels, else a grey tile for each channel,
    (n, c, h, w, 3).

    Zero is mid grey (128); the largest absolute weight is black or white, for each filter alone or over all.
    coloured: whether three channels are red, green and blue; in a grouped convolution they are not.
    """
    if scaling not in ("each", "all"):
        raise ValueError(f"Filters are scaled 'each' by itself or 'all' alike, not '{scaling}'.")
    weights = filters.detach().float().cpu().numpy()
    largest = np.abs(weights).max(axis=(1, 2, 3), keepdims=True)
    if scaling == "all":
        largest = largest.max(keepdims=True)
    shares = np.divide(weights, largest, out=np.zeros_like(weights), where=largest > 0)
    shades = np.rint(127.5 + 127.5 * shares).astype(np.uint8)  # 127.5 itself is rounded to the even 128
    if weights.shape[1] == 3 and coloured is not False:
        return np.ascontiguousarray(shades.transpose(0, 2, 3, 1))
    return np.repeat(shades[..., None], 3, axis=-1)


@dataclass(frozen=True, eq=False)
class _Call:
    """A convolution that was about to run."""

    weight: Tensor
    groups: int
    stride: tuple[int, int]
    run: Callable[[], Tensor]


class _Met(Exception):
    """Carries the first convolution out of the network's forward pass."""

    def __init__(self, call: _Call) -> None:
        super().__init__("the first convolution was met")
        self.call = call


class _UntilConvolution(TorchFunctionMode):
    """Stops this thread at its first convolution; the network itself gets no hook."""

    def __torch_function__(
        self, func: Callable[..., Any], _types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is torch.conv2d:
            weight = args[1] if len(args) > 1 else kwargs["weight"]
            groups = args[6] if len(args) > 6 else kwargs.get("groups", 1)
            stride = args[3] if len(args) > 3 else kwargs.get("stride", 1)
            raise _Met(_Call(weight, groups, _pair(stride), lambda: func(*args, **kwargs)))
        return func(*args, **kwargs)


def _first_call(network: nn.Module, inputs: Tensor) -> _Call:
    try:
        with torch.no_grad(), _UntilConvolution():
            network(inputs)
    except _Met as met:
        return met.call
    raise NotApplicable(
        "This network runs without a convolution, so it has no filters that could be shown as pictures."
    )


def _pair(stride: int | Sequence[int]) -> tuple[int, int]:
    both = (stride,) if isinstance(stride, int) else tuple(stride)
    return both[0], both[-1]


def _calm(module: nn.Module) -> nn.Module:
    """The network itself, or a copy in eval mode where a part trains, since a pass would change its statistics."""
    return frozen(module) if any(part.training for part in module.modules()) else module


def _usual_shapes(module: nn.Module) -> list[tuple[int, ...]]:
    channels = [part.in_channels for part in module.modules() if isinstance(part, nn.Conv2d)][:1]
    return [(c, side, side) for c in dict.fromkeys([*channels, 3]) for side in _SIDES]


def _grey(network: nn.Module, shape: Sequence[int]) -> Tensor:
    like = next(network.parameters(), torch.zeros(0))
    return torch.zeros(1, *shape, device=like.device, dtype=like.dtype)
