"""What a linear classifier on the vectors says of each picture when it has not learned from it.

Multinomial logistic regression, cross-validated: a label that it finds improbable is worth a look (Northcutt et al.,
"Confident learning", 2021).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

from xai_core.embedding.distances import check_finite
from xai_core.errors import NotApplicable
from xai_core.types import FeatureTable, ProgressCallback

_MOST_TO_LEARN_FROM = 20_000
_STEPS = 100
_DECAY = 1e-3


@dataclass(frozen=True, eq=False)
class HeldOut:
    """probabilities: float32 (n, n_classes), NaN where a class is too small to be learned without the picture."""

    probabilities: np.ndarray


def held_out(
    table: FeatureTable, *, folds: int = 5, seed: int = 0, on_progress: ProgressCallback | None = None
) -> HeldOut:
    """The probabilities of the data's own classes for every picture, by a classifier of the other folds.

    Pictures without a label are judged by the last fold's classifier. on_progress(steps, at most) may raise to stop.
    NotApplicable: fewer than two classes have two pictures, or vectors are not finite.
    """
    check_finite(table.vectors)
    labels = np.asarray(table.labels)
    fold = _folds(labels, folds, seed)
    sizes = np.bincount(labels[labels >= 0], minlength=len(table.class_names))
    if (sizes >= 2).sum() < 2:
        raise NotApplicable("Labels can be doubted where at least two classes have two pictures or more; here not.")
    p = np.empty((len(table), len(table.class_names)), np.float32)
    for number in range(folds):
        learn = np.flatnonzero((fold != number) & (labels >= 0))
        learn = _thinned(learn, seed)
        judged = np.flatnonzero((fold == number) | ((labels < 0) & (number == folds - 1)))
        tell = None if on_progress is None else _within(on_progress, number, folds)
        p[judged] = _judge(table.vectors, labels, learn, judged, p.shape[1], tell)
    p[(labels >= 0) & (sizes[labels] < 2)] = np.nan
    return HeldOut(p)


def _folds(labels: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """int64 (n,): each class dealt out evenly; -1 without a label."""
    random, fold = np.random.default_rng(seed), np.full(len(labels), -1)
    for label in np.unique(labels[labels >= 0]):
        rows = random.permutation(np.flatnonzero(labels == label))
        fold[rows] = (np.arange(len(rows)) + label) % folds
    return fold


def _thinned(rows: np.ndarray, seed: int) -> np.ndarray:
    if len(rows) <= _MOST_TO_LEARN_FROM:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, _MOST_TO_LEARN_FROM, replace=False))


def _within(on_progress: ProgressCallback, number: int, folds: int) -> Callable[[int], None]:
    return lambda step: on_progress(number * _STEPS + min(step, _STEPS), folds * _STEPS)


def _judge(
    vectors: np.ndarray,
    labels: np.ndarray,
    learn: np.ndarray,
    judged: np.ndarray,
    classes: int,
    tell: Callable[[int], None] | None,
) -> np.ndarray:
    """Probabilities (judged, classes) by a classifier of the rows `learn`, on standardised vectors."""
    x = np.asarray(vectors[learn], np.float64)
    mean, scale = x.mean(0), x.std(0) + 1e-6
    weights, bias = _logistic((x - mean) / scale, labels[learn], classes, tell)
    probabilities = np.empty((len(judged), classes), np.float32)
    for start in range(0, len(judged), 10_000):
        part = slice(start, start + 10_000)
        scores = ((vectors[judged[part]] - mean) / scale) @ weights + bias
        probabilities[part] = np.exp(log_softmax(scores, axis=1))
    return probabilities


def _logistic(
    x: np.ndarray, labels: np.ndarray, classes: int, tell: Callable[[int], None] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (d, classes) and bias (classes,) of the least cross-entropy with a little weight decay."""
    n, d = x.shape
    rows, steps = np.arange(n), 0

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights, bias = flat[: d * classes].reshape(d, classes), flat[d * classes :]
        log_p = log_softmax(x @ weights + bias, axis=1)
        error = np.exp(log_p)
        error[rows, labels] -= 1
        gradient = np.concatenate([(x.T @ error / n + _DECAY * weights).ravel(), error.mean(0)])
        return -log_p[rows, labels].mean() + _DECAY / 2 * float((weights**2).sum()), gradient

    def step(_found: np.ndarray) -> None:
        nonlocal steps
        steps += 1
        if tell is not None:
            tell(steps)

    start = np.zeros((d + 1) * classes)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", callback=step, options={"maxiter": _STEPS}).x
    return found[: d * classes].reshape(d, classes), found[d * classes :]
