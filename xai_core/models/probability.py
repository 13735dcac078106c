"""From scores to probabilities, by what the classes are: one of them holds, or each on its own."""

import torch
from torch import Tensor

from xai_core.types import Labels


def probabilities(scores: Tensor, labels: Labels) -> Tensor:
    """Like scores (…, n_classes): softmax where a picture has one class, sigmoid where it may have several."""
    return torch.sigmoid(scores) if labels == "several" else torch.softmax(scores, dim=-1)


def log_probabilities(scores: Tensor, labels: Labels) -> Tensor:
    """The natural logarithm of `probabilities`, exact where they round to 0."""
    return torch.nn.functional.logsigmoid(scores) if labels == "several" else torch.log_softmax(scores, dim=-1)
