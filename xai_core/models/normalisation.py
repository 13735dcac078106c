"""The most common mistake with one's own network is a mean and spread that it was not trained with: guess and check."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from xai_core.models.preprocess import prepare
from xai_core.models.probability import probabilities
from xai_core.types import LoadedModel, ModelConfig, SourceImage

Numbers = tuple[float, ...]
_ENOUGH_BITS = 0.15  # by which the best preset must beat the chosen one before it is worth a word
_FACTOR = 1.5


@dataclass(frozen=True)
class Check:
    """What a network makes of some pictures under one normalisation.

    low, high: the values that it is fed. confidence: mean probability of the best class. classes: how many different
    ones are best. bits: how much an answer tells about which picture it belongs to, the entropy of the mean answer less
    the mean entropy of the answers; 0 where all answers are alike.
    """

    mean: Numbers
    std: Numbers
    low: float
    high: float
    confidence: float
    classes: int
    bits: float


def presets(channels: int) -> dict[str, tuple[Numbers, Numbers]]:
    """Name to (mean, spread) of the usual normalisations, for pictures scaled to 0 to 1."""
    imagenet = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)) if channels == 3 else ((0.449,), (0.226,))
    flat = {"−1 to 1": (0.5, 0.5), "0 to 1": (0.0, 1.0), "0 to 255": (0.0, 1 / 255)}
    return {"ImageNet": imagenet} | {name: ((m,) * channels, (s,) * channels) for name, (m, s) in flat.items()}


def check_normalisation(
    model: LoadedModel, images: Sequence[SourceImage], tried: Mapping[str, tuple[Numbers, Numbers]]
) -> dict[str, Check]:
    """The network's answers to the pictures under each normalisation; a forward pass of all pictures for each."""
    plain = _unscaled(model.config)
    pixels = torch.cat([prepare(plain, image, model.device).tensor for image in images])
    return {name: _check(model, pixels, mean, std) for name, (mean, std) in tried.items()}


def better(checks: Mapping[str, Check], chosen: str) -> str | None:
    """The one whose answers depend on the picture clearly more than the chosen one's; None where none does."""
    best = max(checks, key=lambda name: checks[name].bits)
    least = max(checks[chosen].bits * _FACTOR, checks[chosen].bits + _ENOUGH_BITS)
    return best if checks[best].bits > least else None


def _unscaled(config: ModelConfig) -> ModelConfig:
    channels = len(config.mean)
    return replace(config, mean=(0.0,) * channels, std=(1.0,) * channels)


def _check(model: LoadedModel, pixels: Tensor, mean: Numbers, std: Numbers) -> Check:
    shift, spread = (torch.tensor(values, device=pixels.device).view(1, -1, 1, 1) for values in (mean, std))
    given = (pixels - shift) / spread
    with torch.no_grad():
        answers = probabilities(model.module(given).double(), model.config.answer)
    best = answers.max(dim=1)
    entropy = _entropy_of_each if model.config.answer.alone else _entropy
    return Check(
        mean,
        std,
        float(given.min()),
        float(given.max()),
        float(best.values.mean()),
        len(set(best.indices.tolist())),
        float(entropy(answers.mean(0)) - entropy(answers).mean()),
    )


def _entropy(shares: Tensor) -> Tensor:
    """In bits, over the last axis."""
    bits: Tensor = -torch.special.xlogy(shares, shares).sum(-1) / torch.log(torch.tensor(2.0))
    return bits


def _entropy_of_each(shares: Tensor) -> Tensor:
    """In bits, of classes each of which may hold or not, summed over the last axis."""
    return _entropy(shares) + _entropy(1 - shares)
