"""The audit's figures in a row; what nobody can know of these pictures is said to be not known."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from xai_core.evaluation.audit.record import CONFIDENT, Record, confident_mistakes
from xai_core.render.recipe import percent

UNKNOWN = (
    "The model knows none of these pictures' classes by name, so nobody can say which answers are right. Say under "
    "*Match the classes* which is which."
)


def figures(records: Sequence[Record], *, labelled: bool) -> None:
    """labelled: the pictures carry classes, be they the model's or not."""
    drawn = [record for record in records if not record.empty]
    judged = [record for record in records if record.right is not None]
    known = any(record.known for record in records)
    where = "the object" if known else "the middle"
    of = f"Of the {len(judged):,} picture{'s' if len(judged) != 1 else ''} whose class the model knows."
    with st.container(horizontal=True):
        st.metric("Pictures", f"{len(records):,}")
        if judged:
            st.metric("Named rightly", percent(sum(bool(r.right) for r in judged) / len(judged)), help=of)
        elif labelled:
            st.metric("Named rightly", "not known", help=UNKNOWN)
        st.metric("Empty maps", percent(1 - len(drawn) / len(records)), help="No positive evidence for the answer.")
        if drawn:
            outside, area = (float(np.mean([getattr(r, name) for r in drawn])) for name in ("outside", "area"))
            st.metric(
                f"Evidence beside {where}",
                percent(outside),
                help=f"This part takes {percent(area)} of what the model sees. "
                + ("" if known else "Where the objects lie is not known, so the outer frame is counted."),
            )
            st.metric(
                "Steadiness",
                f"{np.median([r.steadiness for r in drawn]):.2f}",
                help="Median rank correlation of a map with those of the mirror image and a noisy copy; 1: the same.",
            )
        if judged:
            sure = f"At least {percent(CONFIDENT)} sure. {of}"
            st.metric("Confident mistakes", f"{len(confident_mistakes(records)):,}", help=sure)
        elif labelled:
            st.metric("Confident mistakes", "not known", help=UNKNOWN)
    if labelled and not judged:
        st.caption(f":material/info: {UNKNOWN}")
