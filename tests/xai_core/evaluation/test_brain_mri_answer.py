"""What may be said of a slice: only what answers on collections that trained nothing bear out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xai_core.evaluation.brain_mri_answer import Answer, Bounds, bounds, graded, shown
from xai_core.models.sources.brain_mri import CLASS_NAMES
from xai_core.types import Prediction

LIMITS = Bounds(
    tumour=0.95, none=0.9, kind=0.8, leaning=0.7, highest=0.97, planes={"axial": True, "sagittal": False},
    placeless=40.0, striking=60.0, sources=("A", "B"),
)  # fmt: skip


def answer(shares: list[float], peak: float = 50.0, plane: str = "axial", limits: Bounds = LIMITS) -> Answer:
    given = np.array(shares, np.float32)
    return graded(Prediction(np.log(given), given, CLASS_NAMES), np.full(4, peak, np.float32), plane, limits)


@pytest.mark.parametrize(
    ("shares", "peak", "plane", "grade", "tumour", "word"),
    [
        ([0.93, 0.02, 0.04, 0.01], 50, "axial", "said", True, ""),
        ([0.90, 0.02, 0.07, 0.01], 50, "axial", "leaning", True, "Only from 95 %"),
        ([0.40, 0.10, 0.40, 0.10], 50, "axial", "withheld", True, "Only from 70 %"),
        ([0.02, 0.02, 0.95, 0.01], 50, "axial", "said", False, ""),
        ([0.05, 0.05, 0.85, 0.05], 50, "axial", "leaning", False, "Only from 90 %"),
        ([0.02, 0.02, 0.95, 0.01], 70, "axial", "leaning", False, "One place speaks for a tumour"),
        ([0.93, 0.02, 0.04, 0.01], 30, "axial", "leaning", True, "no place"),
        ([0.93, 0.02, 0.04, 0.01], 50, "sagittal", "withheld", True, "In sagittal slices no answer"),
        ([0.93, 0.02, 0.04, 0.01], 50, "picture", "said", True, ""),
    ],
)
def test_an_answer_is_said_only_where_its_like_was_right(
    shares: list[float], peak: float, plane: str, grade: str, tumour: bool, word: str
) -> None:
    found = answer(shares, peak, plane)
    assert (found.grade, found.tumour) == (grade, tumour)
    assert any(word in reason for reason in found.reasons) if word else not found.reasons


def test_nothing_is_said_where_no_probability_was_enough() -> None:
    found = answer([0.97, 0.01, 0.01, 0.01], limits=replace(LIMITS, tumour=None))
    assert found.grade == "leaning"
    assert "However sure" in found.reasons[0]


def test_a_kind_is_named_only_where_kinds_were_right() -> None:
    sure, unsure = answer([0.9, 0.05, 0.02, 0.03]), answer([0.5, 0.4, 0.02, 0.08])
    assert (sure.kind, sure.kind_sure) == ("glioma", True)
    assert (unsure.kind, unsure.kind_sure) == ("glioma", False)
    assert not answer([0.97, 0.01, 0.01, 0.01], limits=replace(LIMITS, kind=None)).kind_sure


@pytest.mark.parametrize(
    ("share", "text"), [(0.9996, "> 97 %"), (0.97, "97 %"), (0.5, "50 %"), (0.035, "3.5 %"), (0.0001, "< 3 %")]
)
def test_no_percentage_goes_beyond_what_is_borne_out(share: float, text: str) -> None:
    assert shown(share, LIMITS) == text


def test_the_bundled_record_holds_limits_of_sources_that_trained_nothing() -> None:
    held = bounds()
    assert held.sources
    assert 0.5 <= held.leaning <= 1
    assert 0.9 <= held.highest <= 0.99
    assert set(held.planes) <= {"axial", "coronal", "sagittal"}
    for limit in (held.tumour, held.none, held.kind):
        assert limit is None or 0.5 <= limit < 1
