"""timm's networks with random weights that pass signals on, at small inputs."""

from typing import Any

import timm
import torch
from torch import Tensor, nn

Size = tuple[int, int, int]

_SIDES = (160, 168, 192, 196, 224, 256)  # what patches and windows divide; five cells at a stride of 32


def network_of(name: str) -> tuple[nn.Module, Size]:
    """A network with five classes, in eval mode, and the inputs (c, H, W) that it takes: the smallest that it runs on.

    Raises what timm raises at its own size, where it runs on none.
    """
    own = timm.get_pretrained_cfg(name)
    sizes: list[dict[str, Any]] = [{"img_size": side} for side in _SIDES] if own and own.fixed_input_size else [{}]
    for options in [*sizes, {}]:
        torch.manual_seed(0)
        try:
            network = _with_signals(timm.create_model(name, num_classes=5, **options).eval())
        except Exception:  # timm's models refuse sizes in ways that no list ends
            if options:
                continue
            raise
        channels, height, width = network.pretrained_cfg.get("input_size", (3, 224, 224))
        least = network.pretrained_cfg.get("min_input_size") or (channels, 0, 0)
        coarsest = network.pretrained_cfg.get("pool_size") or (8, 8)
        rows, columns = max(least[1], 5 * height // coarsest[0]), max(least[2], 5 * width // coarsest[1])
        wanted = [(max(side, rows), max(side, columns)) for side in _SIDES] if options == {} else []
        own_size = (height, width)
        if own and own.fixed_input_size:
            wanted = [(side, side) for side in options.values()]
        for size in [*wanted, own_size] if options == {} else wanted:
            if _runs(network, (channels, *size), must=size == own_size and options == {}):
                return _calibrated(network, (channels, *size)), (channels, *size)
    raise AssertionError(f"{name} runs on no size")


def _runs(network: nn.Module, size: Size, must: bool) -> bool:
    try:
        with torch.no_grad():
            network(torch.zeros(1, *size))
    except Exception:
        if must:
            raise
        return False
    return True


def _with_signals(network: nn.Module) -> nn.Module:
    """Scales of branches and last layers that start at nothing are set to something, else no picture matters."""
    with torch.no_grad():
        for name, weights in network.named_parameters():
            if "bias" not in name and float(weights.abs().max()) < 1e-3:
                if weights.ndim > 1 and weights.shape[0] > 1:
                    nn.init.normal_(weights, std=0.02)
                else:
                    nn.init.constant_(weights, 0.5)
    return network


def _calibrated(network: nn.Module, size: Size) -> nn.Module:
    """Batch norms that have seen noise, else signals fade from layer to layer and attention looks evenly at all."""
    norms = [part for part in network.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.train()
        norm.momentum = 1.0
    with torch.no_grad():
        if norms:
            network(noise(size, pictures=4))
    return network.eval()


def noise(size: Size, pictures: int = 1) -> Tensor:
    """(pictures, c, H, W), the same at each call."""
    return torch.randn(pictures, *size, generator=torch.Generator().manual_seed(1))
