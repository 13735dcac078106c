"""Pixel-level answers from gradients of the score: at the picture itself, or weighted over many points around it.

Every channel of the input has its own gradient; the map is their signed sum, so that its total is kept.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from xai_core.attribution.method import INPUT, AttributionRequest
from xai_core.forward.forward_pass import run_forward
from xai_core.forward.pixel_gradient import input_gradient, score_gradient
from xai_core.forward.relu_rules import Rule
from xai_core.types import ProgressCallback

FINE_BUT_NOISY = " Such maps are fine but noisy; look for clusters, not for single dots."  # ends a method's reading


def by_input_gradient(
    rule: Rule, combine: Callable[[Tensor, Tensor], Tensor] = lambda gradient, _inputs: gradient
) -> Callable[[AttributionRequest, Any, ProgressCallback], dict[str, Tensor]]:
    """A method's `answer` from its ReLU rule and formula: gradient and inputs, each (n, c, H, W), to the same.

    One backward pass for each class; the question's own pass serves where it was taken with this rule.
    """

    def answer(request: AttributionRequest, _settings: Any, on_progress: ProgressCallback) -> dict[str, Tensor]:
        ready = request.forward_pass.rule == rule
        image_pass = request.forward_pass if ready else run_forward(request.module, request.inputs, (), rule)
        targets, maps = request.target.columns(), []
        for done, target in enumerate(targets, start=1):
            maps.append(combine(score_gradient(image_pass, target), request.inputs.detach()).sum(dim=1))
            on_progress(done, len(targets))
        return {INPUT: torch.stack(maps, dim=1)}

    return answer


def weighted_gradients(
    request: AttributionRequest,
    points: Callable[[int], Iterator[Tensor]],
    weights: Sequence[float],
    batch: int,
    on_progress: ProgressCallback,
) -> Tensor:
    """The weighted sum of the gradients at many points, (n, k, c, H, W), with at most `batch` points in a pass.

    points: a picture's index to its points (c, H, W), as many as there are weights. Each picture goes alone, so its
    result is the same, to the bit, in any company.
    """
    sums = []
    total = len(request.inputs) * len(weights)
    for image in range(len(request.inputs)):
        stream, summed = points(image), torch.zeros((), device=request.inputs.device)
        for start in range(0, len(weights), batch):
            chunk = torch.stack(list(islice(stream, batch)))
            gradients = input_gradient(request.module, chunk, request.target.of_image(image, len(chunk)))
            share = gradients.new_tensor(weights[start : start + batch])
            summed = summed + torch.tensordot(share, gradients, dims=1)
            on_progress(image * len(weights) + start + len(chunk), total)
        sums.append(summed)
    return torch.stack(sums)
