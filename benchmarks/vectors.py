"""Vectors like a network's for the benchmarks of the representation space, and tables of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xai_core.types import FeatureTable


def clusters(n: int, d: int, classes: int = 50, latent: int = 20, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Non-negative float32 (n, d) from `latent` causes, in classes that overlap; and the classes, int32 (n,)."""
    vectors = np.empty((n, d), np.float32)
    return vectors, fill(vectors, classes, latent, seed)


def fill(vectors: np.ndarray, classes: int = 50, latent: int = 20, seed: int = 0) -> np.ndarray:
    """The same into an array that is there, a part at a time."""
    random = np.random.default_rng(seed)
    centres = random.normal(0, 1.2, (classes, latent)).astype(np.float32)
    mixing = random.normal(0, latent**-0.5, (latent, vectors.shape[1])).astype(np.float32)
    labels = random.integers(0, classes, len(vectors)).astype(np.int32)
    for start in range(0, len(vectors), 50_000):
        part = slice(start, start + 50_000)
        causes = centres[labels[part]] + random.standard_normal((len(labels[part]), latent), np.float32)
        noise = random.standard_normal((len(causes), vectors.shape[1]), np.float32)
        vectors[part] = np.maximum(causes @ mixing + np.float32(0.3) * noise, 0)
    return labels


def table_of(vectors: np.ndarray, labels: np.ndarray, folder: Path | None = None) -> FeatureTable:
    """A table with these vectors, which may be a memory map, and nothing else worth reading."""
    n, zeros = len(vectors), np.zeros(len(vectors), np.float32)
    classes = tuple(str(label) for label in range(int(labels.max()) + 1))
    return FeatureTable(
        vectors=vectors,
        names=(),
        items=np.arange(n),
        labels=labels,
        predictions=labels,
        probabilities=zeros,
        runners_up=labels,
        runner_up_probabilities=zeros,
        losses=zeros,
        thumbnails=(),
        image_digests=(),
        layer="made up",
        class_names=classes,
        model_classes=classes,
        digests={},
        folder=folder,
    )
