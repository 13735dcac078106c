"""From scores to probabilities, by what the network answers: one class holds, each on its own, or no class at all."""

import torch
from torch import Tensor

from xai_core.types import Answer


def probabilities(scores: Tensor, answer: Answer) -> Tensor:
    """Like scores (…, n_classes): softmax where one class holds, sigmoid where each stands alone, NaN for measures."""
    if not answer.probable:
        return torch.full_like(scores, torch.nan)
    return torch.sigmoid(scores) if answer.alone else torch.softmax(scores, dim=-1)


def log_probabilities(scores: Tensor, answer: Answer) -> Tensor:
    """The natural logarithm of `probabilities`, exact where they round to 0."""
    if not answer.probable:
        return torch.full_like(scores, torch.nan)
    return torch.nn.functional.logsigmoid(scores) if answer.alone else torch.log_softmax(scores, dim=-1)
