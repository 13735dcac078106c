"""Integrated gradients along the straight line from a baseline to the picture (Sundararajan, Taly, Yan 2017)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from xai_core.attribution.baselines import BASELINES, baseline
from xai_core.attribution.by_input_gradient import FINE_BUT_NOISY, weighted_gradients
from xai_core.attribution.method import INPUT, AttributionRequest, Method, setting
from xai_core.types import ProgressCallback


@dataclass(frozen=True)
class IntegratedGradientsSettings:
    """steps: points of the Gauss-Legendre rule on the line."""

    baseline: str = setting(
        "grey",
        "Start from",
        options=BASELINES,
        help="Where picture and start agree, nothing can count: a black start is blind to black things.",
    )
    steps: int = setting(50, "Steps", low=2, high=300, step=1, help="More steps bring the total closer to the score.")
    batch: int = setting(8, "Steps in one pass", low=1, high=64, step=1, help="Speed and memory; not the result.")


def _answer(
    request: AttributionRequest, settings: IntegratedGradientsSettings, on_progress: ProgressCallback
) -> dict[str, Tensor]:
    starts = baseline(settings.baseline, request)
    way = request.inputs.detach() - starts
    nodes, weights = np.polynomial.legendre.leggauss(settings.steps)  # on [-1, 1]

    def points(image: int) -> Iterator[Tensor]:
        for share in (1 + nodes) / 2:
            yield starts[image] + float(share) * way[image]

    gradients = weighted_gradients(request, points, (weights / 2).tolist(), settings.batch, on_progress)
    return {INPUT: torch.einsum("nkchw,nchw->nkhw", gradients, way)}


METHOD = Method(
    key="integrated_gradients",
    title="Integrated gradients",
    paper="Sundararajan et al., Axiomatic Attribution for Deep Networks, ICML 2017",
    about="The gradients on the way from an empty picture to this one, added up: together they make the score's rise.",
    reading="The stronger the colour of a pixel, the more of the score's difference from the empty picture that it "
    "starts from is put down to it: it {raised} the score." + FINE_BUT_NOISY,
    answer=_answer,
    target="pixel",
    settings=IntegratedGradientsSettings,
    slow=True,
    caveat="The map depends on the picture that it starts from; compare several.",
)
