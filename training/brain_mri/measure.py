"""How good the answers are: shares with intervals, calibration, and resampling that respects patients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, logsumexp, softmax
from torch import from_numpy

from training.brain_mri.split import CLASSES, MARGIN
from training.digits import share

ROUNDS, BINS = 2000, 15


def patients(labels: np.ndarray, chosen: np.ndarray, people: np.ndarray | None = None) -> list[list[np.ndarray]]:
    """For each class the rows `chosen` of it by patient; where that is not known, in runs of 12 consecutive slices,
    which stand for one.

    people: str (n,), the patient of each row, "" where it is not known.
    Rows are positions in the arrays of a statistic, that is in `chosen`.
    """
    known = np.full(len(labels), "") if people is None else people
    runs = np.array([known[row] or f"run {row // MARGIN:06}" for row in chosen])
    return [
        [np.flatnonzero((labels[chosen] == c) & (runs == run)) for run in np.unique(runs[labels[chosen] == c])]
        for c in range(len(CLASSES))
    ]


def interval(statistic: Callable[[np.ndarray], float], groups: list[list[np.ndarray]], seed: int = 0) -> list[float]:
    """95 % interval of a statistic of rows: groups drawn with replacement in each class (Field and Welsh 2007)."""
    rng = np.random.default_rng(seed)
    values = [
        statistic(np.concatenate([runs[i] for runs in groups if runs for i in rng.integers(len(runs), size=len(runs))]))
        for _ in range(ROUNDS)
    ]
    low, high = np.percentile(values, [2.5, 97.5])
    return [round(float(low), 4), round(float(high), 4)]


def balanced(labels: np.ndarray, predicted: np.ndarray) -> float:
    """The mean over the classes that occur of the share of their slices that are named rightly."""
    return float(np.mean([(predicted[labels == c] == c).mean() for c in np.unique(labels)]))


def temperature(scores: np.ndarray, labels: np.ndarray) -> float:
    """The divisor of the scores (n, k) at which the right answer is most probable (Guo et al. 2017).

    labels: into the classes; len(CLASSES) means any tumour.
    """
    right = np.concatenate([np.eye(len(CLASSES), dtype=bool), [np.array(CLASSES) != "no_tumor"]])[labels]

    def loss(log_t: float) -> float:
        return float(-logsumexp(log_softmax(scores / np.exp(log_t), axis=1), axis=1, b=right).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-2, 2), method="bounded").x))


def calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Expected calibration error of the best class's probability, 15 bins of equal width (Guo et al. 2017)."""
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    return float(
        sum(abs(right[bins == b].mean() - sure[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins))
    )


def tumour_error(shares: np.ndarray, ill: np.ndarray) -> float:
    """The same of tumour or none. shares: float (n,), the probability of any tumour. ill: bool (n,)."""
    return calibration_error(np.stack([1 - shares, shares], axis=1), ill.astype(int))


def judged(scores: np.ndarray, labels: np.ndarray, groups: list[list[np.ndarray]]) -> dict[str, object]:
    """Accuracy and calibration of scores (n, k), with intervals."""
    predicted, sure = scores.argmax(axis=1), softmax(scores, axis=1)
    counts = np.zeros((len(CLASSES), len(CLASSES)), int)
    np.add.at(counts, (labels, predicted), 1)
    return {
        "slices": len(labels),
        "balanced_accuracy": {
            "value": round(balanced(labels, predicted), 4),
            "interval_95": interval(lambda rows: balanced(labels[rows], predicted[rows]), groups),
        },
        "right_of_class": {name: share(from_numpy(predicted[labels == c] == c)) for c, name in enumerate(CLASSES)},
        "confusion_rows_are_truth": counts.tolist(),
        "expected_calibration_error": {
            "value": round(calibration_error(sure, labels), 4),
            "interval_95": interval(lambda rows: calibration_error(sure[rows], labels[rows]), groups),
        },
        "log_loss": round(float(-np.log(sure[np.arange(len(labels)), labels]).mean()), 4),
    }
