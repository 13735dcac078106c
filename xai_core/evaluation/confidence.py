"""What is left of the model's confidence when the picture is dimmed to its map (Chattopadhay et al., WACV 2018)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from xai_core.evaluation.perturbation import probability
from xai_core.evaluation.remake import refuse_empty
from xai_core.render.place import resample
from xai_core.types import LoadedModel, ModelInput


@dataclass(frozen=True)
class Confidence:
    """before, after: the class's probability for the picture, and for the picture multiplied by its map."""

    before: float
    after: float

    @property
    def drop(self) -> float:
        """The paper's drop for one picture, [0, 1]: the share of the probability that was lost, 0 where it grew."""
        return max(0.0, self.before - self.after) / self.before


def confidence(model: LoadedModel, given: ModelInput, values: np.ndarray, class_index: int) -> Confidence:
    """Dim the normalised input (1, c, H, W) by the positive part of a map (h, w), scaled to at most 1: two passes."""
    refuse_empty(values)
    weights = np.clip(resample(values, (int(given.tensor.shape[2]), int(given.tensor.shape[3]))), 0, None)
    weights = weights / max(float(weights.max()), np.finfo(np.float32).tiny)
    dimmed = given.tensor * torch.from_numpy(weights).to(given.tensor)
    before, after = probability(model, torch.cat([given.tensor, dimmed]), class_index).tolist()
    return Confidence(before, after)
