"""Is a slice of the kind that the brain MRI network was trained on? Four small classifiers beside it.

Turned, inverted and no head at all are read linearly from the activations of the network's middle, which the pass has
anyway; a skull that was removed is read from the rim of the head. `python -m training.brain_mri --checks` makes the
weights and measures them: weights/brain-mri-checks.json.
"""

import json
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch.nn.functional as F
from safetensors.numpy import load
from torch import Tensor

from xai_core.models.sources.brain_mri import WEIGHTS
from xai_core.models.weights_file import bundled_weights

CHECKS = WEIGHTS.with_name("brain-mri-checks.safetensors")
LAYER = "blocks.4"
GRID = 3
TURNS = ("upright", "with its top to the left", "upside down", "with its top to the right")


@dataclass(frozen=True)
class Checks:
    """turned: how the head seems to lie, empty where upright; leaning: the same with less certainty. inverted: black
    and white exchanged. strange: no slice of a head. stripped: skull and scalp removed."""

    turned: str
    leaning: str
    inverted: bool
    strange: bool
    stripped: bool


@cache
def _stored() -> tuple[dict[str, np.ndarray], dict[str, float]]:
    limits = json.loads(CHECKS.with_suffix(".json").read_text("utf-8"))["limits"]
    return {name: values.astype(np.float32) for name, values in load(bundled_weights(CHECKS)).items()}, limits


def pooled(activations: Tensor) -> np.ndarray:
    """Activations (n, c, h, w) of LAYER as features, float32 (n, 9 c)."""
    return F.adaptive_avg_pool2d(activations.detach().float(), GRID).flatten(1).cpu().numpy()


def checked(features: np.ndarray, rim: np.ndarray) -> Checks:
    """What is found in one slice: features (d,) from `pooled`, rim (84,) from `images.head_rim`."""
    weights, limits = _stored()
    turns = turned_scores(weights, features)
    likely = TURNS[int(turns.argmax())]
    return Checks(
        likely if margin(turns) > limits["turned"] else "",
        likely if margin(turns) > 0 else "",
        bool(features @ weights["inverted"] + weights["inverted_bias"][0] > limits["inverted"]),
        bool(features @ weights["strange"] + weights["strange_bias"][0] > limits["strange"]),
        bool(stripped_score(weights, rim) > limits["stripped"]),
    )


def turned_scores(weights: dict[str, np.ndarray], features: np.ndarray) -> np.ndarray:
    """Scores of TURNS: (..., 4)."""
    scores: np.ndarray = features @ weights["turned"].T + weights["turned_bias"]
    return scores


def margin(scores: np.ndarray) -> np.ndarray:
    """How far the best other turn is ahead of upright."""
    ahead: np.ndarray = scores[..., 1:].max(axis=-1) - scores[..., 0]
    return ahead


def stripped_score(weights: dict[str, np.ndarray], rim: np.ndarray) -> np.ndarray:
    """Score before the logistic function, (...): one hidden layer of rectified units."""
    hidden = np.maximum(rim @ weights["rim_hidden"] + weights["rim_hidden_bias"], 0)
    score: np.ndarray = hidden @ weights["rim"] + weights["rim_bias"][0]
    return score
