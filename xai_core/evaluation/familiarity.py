"""Whether a picture is like those a network was trained on, and which of those it resembles most."""

from dataclasses import dataclass

import numpy as np

from xai_core.attribution.explain import ImageForwardPass
from xai_core.models.sources.brain_mri import brain_mri_config, known_slices

NEIGHBOURS = 5


@dataclass(frozen=True, eq=False)
class Familiarity:
    """distance: mean cosine distance to the five nearest training vectors. limit: 95 % of held-out slices lie nearer.

    neighbours: int64 (5,), rows of the training vectors, the nearest first. similarities: float32 (5,), their cosines.
    """

    distance: float
    limit: float
    neighbours: np.ndarray
    similarities: np.ndarray

    @property
    def familiar(self) -> bool:
        return self.distance <= self.limit


def familiarity_of(image_pass: ImageForwardPass) -> Familiarity | None:
    """How near a picture lies to its model's training pictures; None for a model that came without their vectors."""
    config, passed = brain_mri_config(), image_pass.forward_pass.activations
    if image_pass.model.config.key != config.key or config.default_layer is None or config.default_layer not in passed:
        return None
    vector = passed[config.default_layer].detach().mean(dim=(2, 3))[0].cpu().numpy()
    known = known_slices()
    return familiarity(known.vectors, vector, known.limit)


def familiarity(known: np.ndarray, vector: np.ndarray, limit: float) -> Familiarity:
    """Where a feature vector (d,) lies among the training vectors (n, d).

    A deep network's penultimate vectors tell strange inputs by their nearest neighbours (Sun et al. 2022).
    """
    return familiarities(known, vector[None], limit)[0]


def familiarities(known: np.ndarray, vectors: np.ndarray, limit: float) -> list[Familiarity]:
    """The same for several vectors (m, d), with one look at the training vectors."""
    found = zip(*distances(known, vectors), strict=True)
    return [Familiarity(float(far), limit, rows, cosines) for far, rows, cosines in found]


def distances(known: np.ndarray, requested: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each of asked (m, d): mean cosine distance (m,) to its nearest known (n, d), their rows (m, 5), cosines."""
    cosines = _unit(requested) @ _unit(known).T
    rows = np.argsort(-cosines, axis=1, kind="stable")[:, :NEIGHBOURS]
    nearest = np.take_along_axis(cosines, rows, axis=1)
    return 1 - nearest.mean(axis=1), rows, nearest


def _unit(vectors: np.ndarray) -> np.ndarray:
    values = vectors.astype(np.float32)
    unit: np.ndarray = values / np.linalg.norm(values, axis=1, keepdims=True).clip(1e-12)
    return unit
