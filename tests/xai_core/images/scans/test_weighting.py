"""The word for a scan's contrast, from timings as they stand in real protocols."""

from __future__ import annotations

import pytest

from xai_core.images.scans.weighting import weighting


@pytest.mark.parametrize(
    ("repetition", "echo", "inversion", "sequence", "word"),
    [
        (500, 12, None, "spin echo", "T1"),
        (2300, 2.98, 900, "gradient echo, inversion recovery", "T1"),  # MPRAGE
        (8.2, 3.7, None, "gradient echo", "T1"),  # SPGR
        (4000, 100, None, "spin echo", "T2"),
        (9000, 120, 2500, "inversion recovery, spin echo", "FLAIR"),
        (5000, 388, 1800, "inversion recovery, spin echo", "FLAIR"),  # three-dimensional
        (8000, 90, None, "echo planar", "diffusion"),
        (3000, 30, None, "spin echo", ""),  # proton density
        (500, None, None, "spin echo", ""),
        (None, None, None, "", ""),
    ],
)
def test_the_word_follows_from_the_timing(
    repetition: float | None, echo: float | None, inversion: float | None, sequence: str, word: str
) -> None:
    times = {"Repetition time": repetition, "Echo time": echo, "Inversion time": inversion}
    tags = {name: f"{value:g} ms" for name, value in times.items() if value is not None}
    assert weighting(tags | {"Sequence": sequence}) == word


def test_what_is_no_number_is_no_time() -> None:
    assert weighting({"Repetition time": "fast ms", "Echo time": "", "Sequence": "spin echo"}) == ""
