"""What batch norms remember of the training: photographs look like it, where strides and activations are right."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from xai_core.errors import ImageError
from xai_core.images.samples import SAMPLES, load_sample
from xai_core.models.isolate import isolated
from xai_core.models.preprocess import prepare
from xai_core.models.source import Evidence
from xai_core.types import ModelConfig

CLEAR = (
    2.0  # times; EfficientNet-Lite0 with SiLU or ReLU for its ReLU6 is 8 and 4 times as far off, with other padding 1.2
)
_LARGEST = 1.0  # of the better one: further off, the pictures are unlike those of the training


def photographs(config: ModelConfig) -> Tensor | None:
    """The samples as the network reads them, (n, c, H, W); None where it reads no pictures, or none are installed."""
    if len(config.mean) not in (1, 3):
        return None
    try:
        return torch.cat([prepare(config, load_sample(sample.key)).tensor for sample in SAMPLES])
    except ImageError:
        return None


def norm_misfit(network: nn.Module, inputs: Tensor | None) -> float | None:
    """How far the channel means lie from those of the training, in squared spreads: the middle one of all batch norms.

    None without batch norms, or where they were never trained.
    """
    norms = [name for name, part in network.named_modules() if isinstance(part, nn.BatchNorm2d) and _trained(part)]
    if inputs is None or not norms:
        return None
    found: list[float] = []
    watched = isolated(network, norms)
    for name in norms:
        watched.get_submodule(name).register_forward_hook(_note(found))
    with torch.no_grad():
        watched(inputs)
    return float(torch.tensor(found).median()) if found else None


def evidence(mine: float | None, other: float | None) -> Evidence | None:
    """What the norms say of another network for the same weights; None for nothing clear."""
    if mine is None or other is None or min(mine, other) > _LARGEST:
        return None
    if other > CLEAR * mine:
        return "against"
    return "for" if mine > CLEAR * other else None


def _trained(norm: nn.BatchNorm2d) -> bool:
    mean, variance = norm.running_mean, norm.running_var
    return mean is not None and variance is not None and bool((mean != 0).any()) and bool((variance != 1).any())


def _note(found: list[float]) -> Callable[[Any, tuple[Tensor, ...], object], None]:
    def note(norm: Any, given: tuple[Tensor, ...], _output: object) -> None:
        away = given[0].mean(dim=(0, 2, 3)) - norm.running_mean
        found.append(float((away**2 / (norm.running_var + norm.eps)).mean()))

    return note
