"""How far an answer of the brain MRI network is borne out: what may be said in large letters, what not at all.

The limits come from slices of sources that were left out of training; `python -m training.brain_mri` measures them, and
weights/brain-mri.json keeps them with the counts that they rest on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np

from xai_core.models.sources.brain_mri import CLASS_NAMES, WEIGHTS
from xai_core.render.recipe import percent
from xai_core.types import Prediction

NO_TUMOUR = CLASS_NAMES.index("no tumour")
TUMOURS = tuple(c for c in range(len(CLASS_NAMES)) if c != NO_TUMOUR)
Grade = Literal["said", "leaning", "withheld"]


@dataclass(frozen=True)
class Bounds:
    """What answers on left-out sources bear out.

    tumour, none: the probability of a tumour, of none, from which at least 95 % of such answers were right; None: no
    probability was enough. kind: the same for the type among the three tumours. leaning: from which 80 % were right.
    highest: no probability beyond it is shown. planes: whether healthy heads are called a tumour in at most 2 % of
    their middle slices. placeless: the highest cell of a tumour's map below which 5 % of true tumours lie; striking:
    that above which 5 % of the healthy slices called so lie. sources: which were left out.
    """

    tumour: float | None
    none: float | None
    kind: float | None
    leaning: float
    highest: float
    planes: Mapping[str, bool]
    placeless: float
    striking: float
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """tumour: whether one is more probable than none, `share` of it. kind: the most probable type, sure where
    `kind_sure`. reasons: why no more is said, or what speaks against it; a sentence each."""

    grade: Grade
    tumour: bool
    share: float
    kind: str
    kind_sure: bool
    reasons: tuple[str, ...]


@cache
def bounds() -> Bounds:
    """The limits that the record of the weights holds."""
    return bounds_of(json.loads(WEIGHTS.with_suffix(".json").read_text("utf-8"))["left_out"])


def bounds_of(left_out: Mapping[str, Any]) -> Bounds:
    """The limits as a record's part on left-out sources holds them."""
    return Bounds(**left_out["bounds"], sources=tuple(left_out["sources"]))


def graded(prediction: Prediction, peaks: np.ndarray, plane: str, limits: Bounds | None = None) -> Answer:
    """What may be said of a slice.

    peaks: float (4,), the highest cell of each class activation map at the last layer. plane: axial, coronal or
    sagittal; anything else where it is not known.
    """
    limits = limits or bounds()
    shares = prediction.probabilities
    ill = float(shares[list(TUMOURS)].sum())
    tumour, sure = ill > 0.5, max(ill, 1 - ill)
    best = max(TUMOURS, key=lambda c: float(shares[c]))
    needed = limits.tumour if tumour else limits.none
    against = _against(float(peaks[best]), tumour, limits)
    unborne = "" if limits.planes.get(plane, True) else _UNBORNE.format(plane)
    if unborne or sure < limits.leaning:
        grade: Grade = "withheld"
        why = unborne or _only_from(limits.leaning, "four in five", limits)
    else:
        grade = "said" if needed is not None and sure >= needed and not against else "leaning"
        why = "" if grade == "said" or against else _only_from(needed, "95 in 100", limits)
    kind_sure = limits.kind is not None and float(shares[best]) >= limits.kind * ill
    return Answer(grade, tumour, sure, CLASS_NAMES[best], kind_sure, tuple(filter(None, (against, why))))


_UNBORNE = (
    "In {} slices no answer is offered: too many slices of a healthy head that the model never saw are called a tumour."
)


def _only_from(needed: float | None, right: str, limits: Bounds) -> str:
    """Why an answer is too unsure to be said; needed: None where no probability was enough."""
    seen = f"on collections that the model never saw ({', '.join(limits.sources)})"
    if needed is None or needed >= 1:
        return f"However sure, fewer than {right} such answers were right {seen}."
    return f"Only from {percent(needed)} on were {right} such answers right {seen}."


def _against(peak: float, tumour: bool, limits: Bounds) -> str:
    """What the map says against the answer; empty where nothing."""
    if tumour and peak < limits.placeless:
        return "Its map has no place: the evidence is spread over the slice, as in few true tumours."
    if not tumour and peak > limits.striking:
        return "One place speaks for a tumour all the same, more strongly than in most healthy slices."
    return ""


def shown(share: float, limits: Bounds | None = None) -> str:
    """A probability [0, 1] in percent, no nearer to 0 or 1 than answers on left-out sources bear out."""
    highest = (limits or bounds()).highest
    if share > highest:
        return f"> {100 * highest:.0f} %"
    return f"< {100 * (1 - highest):.0f} %" if share < 1 - highest else percent(share)
