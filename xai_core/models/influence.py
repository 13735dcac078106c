"""Which layers' places still reach the scores: a transformer that reads its class token alone forgets the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from xai_core.models.answer import scores_of
from xai_core.models.grid import Grid, to_maps
from xai_core.models.isolate import isolated


def influential(module: nn.Module, input_shape: Sequence[int], grids: Mapping[str, Grid]) -> frozenset[str]:
    """Those of the layers with grids whose places have a gradient of the scores, for one noise input (1, c, H, W).

    All of them where none has: a head of zeros, as in a network before its training, is no evidence.
    """
    first = next(module.parameters(), torch.empty(0))
    noise = torch.randn(tuple(input_shape), generator=torch.Generator().manual_seed(0))
    kept: dict[str, Tensor] = {}
    copy = isolated(module, grids)
    for name in grids:
        copy.get_submodule(name).register_forward_hook(lambda _m, _args, out, name=name: kept.update({name: out}))
    with torch.inference_mode(False), torch.enable_grad():
        scores = scores_of(copy(noise.to(first.device, first.dtype).requires_grad_()), len(noise))
        weights = torch.randn(scores.shape[1], generator=torch.Generator().manual_seed(1)).to(scores)
        outputs = {name: out for name, out in kept.items() if out.requires_grad}
        gradients = torch.autograd.grad((scores * weights).sum(), list(outputs.values()), allow_unused=True)
    found = frozenset(
        name
        for (name, output), gradient in zip(outputs.items(), gradients, strict=True)
        if gradient is not None and bool(to_maps(gradient, grids[name]).count_nonzero())
    )
    return found or frozenset(grids)
