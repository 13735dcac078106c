"""Methods that weigh each channel by a forward pass of its own: one loop for all, in batches, with progress."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from xai_core.attribution.method import AttributionRequest
from xai_core.forward.target import target_scores
from xai_core.types import ProgressCallback

# (question, picture, layer) to the function from channels (b,) to scores (b, n_classes)
Start = Callable[[AttributionRequest, int, str], Callable[[Tensor], Tensor]]


def by_channel(
    select: Callable[[Tensor, Any], Tensor],
    start: Start,
    weigh: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor],
    batch: Callable[[AttributionRequest, Any], int],
) -> Callable[[AttributionRequest, Any, ProgressCallback], dict[str, Tensor]]:
    """A method's `answer`: signed maps are sums of one picture's activations (c, h, w) with weights (c, k).

    select: activations and settings to the channels int64 (m,) that need a pass. weigh: activations, channels, the
    explained numbers (m, k) of their passes and those of the untouched picture (k,) to the weights. All k classes share
    the passes. batch: how many channels go at once. Progress counts channels.
    """

    @torch.no_grad()
    def answer(request: AttributionRequest, settings: Any, on_progress: ProgressCallback) -> dict[str, Tensor]:
        activations = {name: request.forward_pass.activations[name].detach() for name in request.layers}
        untouched = target_scores(request.forward_pass.scores.detach(), request.target)
        jobs = [(name, i, select(own, settings)) for name, a in activations.items() for i, own in enumerate(a)]
        at_once = batch(request, settings)
        total, done = sum(len(channels) for _, _, channels in jobs), 0
        maps: dict[str, list[Tensor]] = {name: [] for name in request.layers}
        for name, image, channels in jobs:
            run = start(request, image, name)
            numbers = [untouched[:0]]
            for chunk in torch.split(channels, at_once):
                numbers.append(target_scores(run(chunk), request.target.of_image(image, len(chunk))))
                done += len(chunk)
                on_progress(done, total)
            own = activations[name][image]
            weights = weigh(own, channels, torch.cat(numbers), untouched[image])
            maps[name].append(torch.einsum("ck,chw->khw", weights, own))
        return {name: torch.stack(of_layer) for name, of_layer in maps.items()}

    return answer
