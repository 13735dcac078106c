"""What a scan's timing says of its contrast: a word from a short list, never the file's own free text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Weighting = Literal["T1", "T2", "FLAIR", "diffusion", ""]


def weighting(tags: Mapping[str, str]) -> Weighting:
    """T1, T2, FLAIR or diffusion by echo, repetition and inversion time and the kind of sequence; empty where unsure.

    tags: technical facts as `Volume.tags` holds them, times in ms. The bounds are the usual ones at 1.5 and 3 T: an
    inversion time beyond 1500 ms nulls fluid; T1 needs a short echo, with a short repetition or an inversion of 600
    to 1300 ms (MPRAGE); T2 a long echo and a long repetition.
    """
    echo, repetition, inversion = (_milliseconds(tags.get(f"{name} time", "")) for name in _TIMES)
    if "echo planar" in tags.get("Sequence", ""):
        return "diffusion"  # or perfusion, or functional: no anatomical series is read by planes of echoes
    if echo is None or repetition is None:
        return ""
    if inversion is not None and inversion >= 1500 and echo >= 60:
        return "FLAIR"
    prepared = inversion is not None and 600 <= inversion <= 1300
    if echo <= 25 and (repetition <= 1000 or prepared):
        return "T1"
    return "T2" if echo >= 70 and repetition >= 2000 and not inversion else ""


_TIMES = ("Echo", "Repetition", "Inversion")


def _milliseconds(text: str) -> float | None:
    number = text.split(" ", 1)[0]
    return float(number) if number.replace(".", "", 1).isdigit() else None
