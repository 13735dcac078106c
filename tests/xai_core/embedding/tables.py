"""Small tables and folders of pictures for the tests of this folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from xai_core.datasets import Dataset
from xai_core.types import FeatureTable


def some(dataset: Dataset, count: int) -> Dataset:
    """The first pictures of a data set as one of its own."""
    return replace(dataset, items=dataset.items[:count], digest=f"{dataset.digest} {count}")


def write_image(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (16, 16, 3), np.uint8)).save(path)


def write_folder(root: Path, count: int = 150) -> Path:
    """`count` pictures in the classes a and b."""
    for index in range(count):
        write_image(root / "ab"[index % 2] / f"{index:04d}.png", index)
    return root


def same(one: FeatureTable, other: FeatureTable) -> bool:
    """To the bit, in every field but where they lie."""
    arrays = ("vectors", "items", "labels", "predictions", "probabilities", "runners_up", "runner_up_probabilities")
    return (
        all(np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays)
        and np.array_equal(one.losses, other.losses, equal_nan=True)
        and all(list(getattr(one, n)) == list(getattr(other, n)) for n in ("names", "thumbnails", "image_digests"))
        and one.unread == other.unread
        and one.class_names == other.class_names
    )


def table_of(
    vectors: np.ndarray,
    labels: Sequence[int] | None = None,
    class_names: Sequence[str] = (),
    folder: Path | None = None,
) -> FeatureTable:
    """A table in memory with these vectors."""
    n = len(vectors)
    given = np.full(n, -1, np.int32) if labels is None else np.asarray(labels, np.int32)
    names = tuple(class_names) or tuple(str(i) for i in range(int(given.max(initial=-1)) + 1))
    return FeatureTable(
        vectors=np.asarray(vectors, np.float32),
        names=tuple(f"{i}.png" for i in range(n)),
        items=np.arange(n),
        labels=given,
        predictions=np.maximum(given, 0),
        probabilities=np.ones(n, np.float32),
        runners_up=np.zeros(n, np.int32),
        runner_up_probabilities=np.zeros(n, np.float32),
        losses=np.zeros(n, np.float32),
        thumbnails=(b"",) * n,
        image_digests=tuple(str(i) for i in range(n)),
        layer="made up",
        class_names=names,
        model_classes=names,
        digests={},
        folder=folder,
    )


def clusters(n: int, d: int, classes: int, seed: int = 0, latent: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Non-negative vectors float32 (n, d) like a network's, of classes that overlap, and their classes."""
    random = np.random.default_rng(seed)
    centres = random.normal(0, 1.2, (classes, latent)).astype(np.float32)
    mixing = random.normal(0, latent**-0.5, (latent, d)).astype(np.float32)
    labels = random.integers(0, classes, n)
    vectors = np.empty((n, d), np.float32)
    for start in range(0, n, 50_000):
        part = slice(start, start + 50_000)
        causes = centres[labels[part]] + random.standard_normal((len(labels[part]), latent), np.float32)
        noise = random.standard_normal((len(causes), d), np.float32)
        vectors[part] = np.maximum(causes @ mixing + np.float32(0.3) * noise, 0)
    return vectors, labels
