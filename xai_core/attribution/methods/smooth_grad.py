"""SmoothGrad: the gradient, averaged over copies of the picture with noise added (Smilkov et al. 2017)."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from xai_core.attribution.by_input_gradient import weighted_gradients
from xai_core.attribution.method import INPUT, AttributionRequest, Method, setting
from xai_core.types import ProgressCallback


@dataclass(frozen=True)
class SmoothGradSettings:
    """noise: standard deviation as a share of the picture's range, highest minus lowest value of the input."""

    samples: int = setting(25, "Noisy copies", low=1, high=200, step=1, help="More copies give a smoother map.")
    noise: float = setting(
        0.15, "Noise", low=0.0, high=1.0, step=0.01, help="Strength, as a share of the picture's range of values."
    )
    seed: int = setting(0, "Seed", low=0, high=2**31 - 1, step=1, help="The same seed gives the same noise.")
    batch: int = setting(8, "Copies in one pass", low=1, high=64, step=1, help="Speed and memory; not the result.")


def _answer(
    request: AttributionRequest, settings: SmoothGradSettings, on_progress: ProgressCallback
) -> dict[str, Tensor]:
    def noisy(image: int) -> Iterator[Tensor]:
        values = request.inputs[image].detach()
        spread = settings.noise * (values.max() - values.min())
        random = torch.Generator().manual_seed(settings.seed)
        for _ in range(settings.samples):
            # One draw a copy, on the CPU: neither the batch nor the device changes the noise.
            yield values + spread * torch.randn(values.shape, generator=random).to(values)

    weights = [1 / settings.samples] * settings.samples
    return {INPUT: weighted_gradients(request, noisy, weights, settings.batch, on_progress).sum(dim=2)}


METHOD = Method(
    key="smooth_grad",
    title="SmoothGrad",
    paper="Smilkov et al., SmoothGrad: removing noise by adding noise, arXiv:1706.03825, 2017",
    about="The gradient, averaged over copies of the picture with noise added, which removes most of its speckle.",
    reading="The stronger the colour of a pixel, the more a small change of it {raises} the score of this class, on "
    "average over noisy copies. Look for clusters, not for single dots.",
    answer=_answer,
    target="pixel",
    settings=SmoothGradSettings,
    slow=True,
    caveat="It shows what would change the score, not what made it.",
)
