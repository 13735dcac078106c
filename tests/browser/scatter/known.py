"""What the test app shows, for the app and for the tests that check it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from dashboard.shared.components.scatter import Signpost, Tip

# Seven points whose places are known: data coordinates, class, and a value that one of them lacks.
FEW = np.array([[100, -20], [110, -20], [100, -15], [110, -15], [105, -17.5], [102, -16], [108, -19]], np.float64)
FEW_CLASSES = np.array([0, 0, 1, 1, 2, 2, -1])
FEW_NAMES = ("cat", "dog <b>", "mouse")
FEW_VALUES = np.array([0.0, 0.25, 0.5, 0.75, 1.0, np.nan, 0.5])


@cache
def digits() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """PCA places (1797, 2), other places (third and fourth component), labels (1797,), images uint8 (1797, 8, 8)."""
    data = load_digits()
    places = PCA(4, svd_solver="full").fit_transform(data.data)
    return places[:, :2], places[:, 2:], data.target, (data.images * 15.9).astype(np.uint8)


@cache
def crowd(count: int, classes: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Clusters of points (count, 2), float32, and their classes, class after class as in a folder."""
    random = np.random.default_rng(0)
    labels = np.sort(random.integers(0, classes, count))
    centres = random.normal(0, 6, (classes, 2))
    spread = random.uniform(0.6, 1.6, classes)[labels, None]
    return (centres[labels] + spread * random.normal(size=(count, 2))).astype(np.float32), labels


def display_image_of(pixels: np.ndarray, side: int = 96) -> bytes:
    """uint8 (h, w) as a small image."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize((side, side)).save(buffer, "WEBP")
    return buffer.getvalue()


def describe(indices: Sequence[int]) -> list[Tip]:
    _, _, labels, images = digits()
    return [
        Tip(f"digits/{i:04d}.png", (f"predicted {labels[i]}", "probability 0.97"), display_image_of(images[i]))
        for i in indices
    ]


def class_posts(places: np.ndarray) -> tuple[Signpost, ...]:
    _, _, labels, images = digits()
    posts = []
    for digit in range(10):
        own = np.flatnonzero(labels == digit)
        centre = places[own].mean(axis=0)
        nearest = own[np.square(places[own] - centre).sum(axis=1).argmin()]
        posts.append(Signpost(centre[0], centre[1], f"digit {digit}", display_image_of(images[nearest]), digit))
    return tuple(posts)
