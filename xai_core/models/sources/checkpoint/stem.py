"""First layers that are not the architecture's own: a 3 x 3 convolution for small pictures, and other steps."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from xai_core.models.sources.checkpoint.architectures import Architecture, Shapes, build

STEM = "stem"
# The names as cards have them: the title on screen, the convolution's stride, whether a max pooling follows.
STEMS: dict[str, tuple[str, int, bool]] = {
    "stride_1": ("steps of 1 pixel, no max pooling (as for CIFAR's 32 pixels)", 1, False),
    "stride_1_pool": ("steps of 1 pixel, then max pooling (as MONAI has it)", 1, True),
    "stride_2": ("steps of 2 pixels, no max pooling", 2, False),
    "stride_2_pool": ("steps of 2 pixels, then max pooling (as for ImageNet)", 2, True),
}
SMALL = "stride_1"
SMALL_SIDE = 32  # pixels, of the pictures that such stems are for
_POOLS = {"conv1": "maxpool", "features.conv0": "features.pool0"}  # by the stem that it follows
_USUAL_KERNEL = 7


def other_kernel(entry: Architecture, shapes: Shapes) -> bool:
    """Whether the file's first convolution has another kernel than the architecture's, which then says no stride."""
    stem = entry.stems[0] if entry.stems else ""
    given = tuple(shapes.get(f"{stem}.weight", ()))
    if stem not in _POOLS or len(given) != 4 or not min(given) or given[2:] == (_USUAL_KERNEL, _USUAL_KERNEL):
        return False
    own = build(entry.key, 2).get_submodule(stem)
    return isinstance(own, nn.Conv2d) and given[2:] != tuple(own.kernel_size)


def fit_stem(network: nn.Module, entry: Architecture, tensors: Mapping[str, Tensor], value: str) -> None:
    """Put the file's first convolution in, with the stride and pooling of a value of `STEMS`."""
    _, stride, pooling = STEMS[value]
    name = entry.stems[0]
    weight, own = tensors[f"{name}.weight"], network.get_submodule(name)
    assert isinstance(own, nn.Conv2d)
    kernel = (weight.shape[2], weight.shape[3])
    around = (kernel[0] // 2, kernel[1] // 2)
    with torch.device("meta"):
        made = nn.Conv2d(weight.shape[1], len(weight), kernel, stride, around, bias=own.bias is not None)
    made.weight = own.weight if own.weight.shape == weight.shape else nn.Parameter(weight.float())
    made.bias = own.bias
    network.set_submodule(name, made)
    network.set_submodule(_POOLS[name], nn.MaxPool2d(3, 2, 1) if pooling else nn.Identity())
