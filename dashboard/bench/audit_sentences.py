"""What an audit has found in sentences, for the page and for the report that is taken along."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from xai_core.evaluation.audit.record import Probe, Record, confident_mistakes
from xai_core.render.recipe import percent

Copy = Literal["border", "background"]
NOT_JUDGED = (
    "How often the model is right is not known: it knows no class of these pictures by name, or they carry none."
)


def in_figures(records: Sequence[Record]) -> list[str]:
    """The figures above the probes as sentences, for the report."""
    drawn = [record for record in records if not record.empty]
    judged = [record for record in records if record.right is not None]
    said = [f"Empty maps: {percent(1 - len(drawn) / len(records))}."]
    if judged:
        rightly = percent(sum(bool(r.right) for r in judged) / len(judged))
        mistakes = len(confident_mistakes(records))
        said.append(f"Named rightly: {rightly} of {len(judged):,}. Confident mistakes: {mistakes:,}.")
    else:
        said.append(NOT_JUDGED)
    if drawn:
        where = "the object" if any(record.known for record in records) else "the middle"
        outside, area = (float(np.mean([getattr(r, name) for r in drawn])) for name in ("outside", "area"))
        said.append(
            f"Evidence beside {where}: {percent(outside)}, on {percent(area)} of the area. Steadiness of the maps "
            f"(median rank correlation): {np.median([r.steadiness for r in drawn]):.2f}."
        )
    return said


def in_words(copy: Copy, found: Probe, labelled: bool, known: bool) -> str:
    """A probe in one sentence. labelled: right means the picture's own class; else the answer to the whole picture."""
    right = "the right class" if labelled else "the answer that the whole picture gets"
    without = "without the object" if known else "without the middle"
    copies = "copies of which only the border is left" if copy == "border" else f"copies {without}"
    return (
        f"Of {found.of:,} {copies}, **{percent(found.right)}** ({percent(found.low)} to {percent(found.high)}) still "
        f"get {right}. Whole pictures: {percent(found.whole)}; always the most frequent answer: "
        f"{percent(found.chance)}."
    )
