"""What may be shown of an answer: measured on slices of sources that were left out of training.

A source that trained the network says little of the next one: there the network is surer than it is right. So the
scores are softened, and the limits of what the page says in large letters are set, where nothing was learned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from training.brain_mri.losses import TUMOURS
from training.brain_mri.measure import tumour_error
from training.brain_mri.sources import NO_TUMOUR, SOURCES, TUMOUR
from training.brain_mri.table import Answers
from xai_core.evaluation.brain_mri_answer import Bounds

_SAID, _LEANING, _KIND = 0.95, 0.80, 0.90  # right on left-out sources
_MISSED = 0.01  # of the tumours may be headed "no tumour"
# Of the divisor's logarithm and of the shift so much is applied: all of both would make the answers too unsure on the
# sources that did train, and miss tumours there.
SOFTENED, SHRUNK = 1 / 2, 1 / 10
_LEAST = 20  # answers that a limit must rest on
_STEPS = (*(s / 20 for s in range(10, 19)), 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995, 0.998)
_FALSE = 0.02  # of a healthy head's middle slices
_PERCENTILE = 5


def log_odds(scores: np.ndarray) -> np.ndarray:
    """Of any tumour against none, (n,), of scores (n, 4)."""
    return np.logaddexp.reduce(scores[:, TUMOURS].astype(float), axis=1) - scores[:, NO_TUMOUR]


def softening(scores: np.ndarray, labels: np.ndarray, sources: np.ndarray) -> tuple[float, float]:
    """(divisor of the scores, what is added to that of "no tumour" before): parts of those at which tumour or none is
    most probable, every source counting the same."""
    odds, ill = log_odds(scores), labels != NO_TUMOUR
    weights = 1 / np.bincount(sources)[sources]

    def loss(values: np.ndarray) -> float:
        shares = expit((odds - values[1]) / np.exp(values[0]))
        right = np.clip(np.where(ill, shares, 1 - shares), 1e-9, 1)
        return float(-(weights * np.log(right)).sum())

    divisor, shift = minimize(loss, np.zeros(2), method="Nelder-Mead").x
    return float(np.exp(SOFTENED * divisor)), float(shift) * SHRUNK


def softened(scores: np.ndarray, divisor: float, shift: float) -> np.ndarray:
    moved = scores.astype(float) + shift * (np.arange(scores.shape[1]) == NO_TUMOUR)
    return moved / divisor


def crosswise(scores: np.ndarray, labels: np.ndarray, sources: np.ndarray, left_out: Sequence[int]) -> dict[str, float]:
    """Calibration error of each left-out source where the softening was fitted without it."""
    answer = {}
    for source in left_out:
        others, own = sources != source, sources == source
        given = softened(scores[own], *softening(scores[others], labels[others], sources[others]))
        answer[SOURCES[source]] = round(error(given, labels[own]), 4)
    return answer


def error(scores: np.ndarray, labels: np.ndarray) -> float:
    """Expected calibration error of tumour or none."""
    return tumour_error(expit(log_odds(scores)), labels != NO_TUMOUR)


def bounds(given: Answers, labels: np.ndarray, planes: np.ndarray) -> dict[str, Any]:
    """The limits, as `xai_core.evaluation.brain_mri_answer.Bounds` reads them, of answers to left-out slices."""
    shares, ill = given.tumour, labels != NO_TUMOUR
    sure, said = np.maximum(shares, 1 - shares), shares > 0.5
    right = said == ill
    peaks = given.maps.max(axis=(2, 3))
    best = np.array(TUMOURS)[given.scores[:, TUMOURS].argmax(axis=1)]
    known = np.isin(labels, TUMOURS) & (labels != TUMOUR) & said
    among = given.scores[:, TUMOURS].max(axis=1) - np.logaddexp.reduce(given.scores[:, TUMOURS], axis=1)
    peak = peaks[np.arange(len(best)), best]
    tumour = _from(shares[said], right[said], _SAID)
    found = Bounds(
        tumour=tumour,
        none=_none_from(sure, said, ill),
        kind=_from(np.exp(among[known]), (best == labels)[known], _KIND),
        leaning=_from(sure, right, _LEANING) or 1.0,
        highest=_highest(sure, right),
        planes={str(plane): _holds(shares, ill, planes == plane, tumour) for plane in np.unique(planes[planes != ""])},
        placeless=_percentile(peak[ill & said], _PERCENTILE),
        striking=_percentile(peak[~ill & ~said], 100 - _PERCENTILE),
        sources=(),
    )
    return {name: value for name, value in asdict(found).items() if name != "sources"}


def stricter(left_out: dict[str, Any], validation: dict[str, Any]) -> dict[str, Any]:
    """The limits of left-out sources, but no headline below what validation slices of the other sources bear out."""
    both = {name: (left_out[name], validation[name]) for name in ("tumour", "none")}
    return left_out | {name: None if None in pair else max(pair) for name, pair in both.items()}


def _from(sure: np.ndarray, right: np.ndarray, least: float) -> float | None:
    """The lowest probability from which, and from every higher one, enough were right."""
    held = None
    for step in sorted(_STEPS, reverse=True):
        chosen = sure >= step
        if chosen.sum() < _LEAST:
            continue
        if right[chosen].mean() < least:
            break
        held = step
    return held


def _none_from(sure: np.ndarray, said: np.ndarray, ill: np.ndarray) -> float | None:
    """The lowest probability of none from which enough such answers were right, and few of all tumours are missed."""
    lowest = _from(sure[~said], ~ill[~said], _SAID)
    few = [step for step in _STEPS if not ill.any() or (ill & ~said & (sure >= step)).sum() <= _MISSED * ill.sum()]
    return max(lowest, min(few)) if lowest is not None and few else None


def _percentile(peaks: np.ndarray, percent: float) -> float:
    return round(float(np.percentile(peaks, percent)), 1) if peaks.size else 0.0


def _highest(sure: np.ndarray, right: np.ndarray) -> float:
    """How many of the surest answers are right, at most 0.99: what the largest number on screen may say."""
    surest = sure >= np.quantile(sure, 0.75)
    return min(float(np.floor(100 * right[surest].mean()) / 100), 0.99)


def _holds(shares: np.ndarray, ill: np.ndarray, of_plane: np.ndarray, limit: float | None) -> bool:
    """Whether healthy slices of a plane get a tumour's headline in few cases."""
    healthy = shares[of_plane & ~ill]
    return limit is None or not healthy.size or bool((healthy >= limit).mean() <= _FALSE)
