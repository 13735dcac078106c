"""Known architectures with random weights that are alive: no layer passes its input through, no signal dies away."""

from __future__ import annotations

import torch
import torchvision
from torch import nn


def network(library: str, name: str, size: int = 64) -> nn.Module:
    """A network of "torchvision" or "timm" in eval mode, its batch norms fitted to noise of `size` pixels."""
    torch.manual_seed(0)
    if library == "timm":
        import timm  # seconds to import

        built = timm.create_model(name, pretrained=False)
    else:
        quiet = {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
        built = torchvision.models.get_model(name, weights=None, **quiet)
    norms = [part for part in built.modules() if isinstance(part, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias, std=0.3)
        norm.train()
    if norms:
        built.eval()
        for norm in norms:
            norm.train()
        with torch.no_grad():
            built(torch.randn(4, 3, size, size))
    return built.eval()
