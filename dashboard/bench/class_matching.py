"""Which class of the model a folder's class is, where their names do not tell: the visitor says so."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from dashboard.core.plain_text import in_prose
from dashboard.core.session import WidgetKey
from xai_core.evaluation.audit.job import AuditJob
from xai_core.evaluation.audit.record import Record
from xai_core.models.class_names import short_name

NONE = -1
MOST = 24  # classes that are asked about


def judged_by(job: AuditJob, records: Sequence[Record]) -> tuple[Record, ...]:
    """The records with the visitor's matching of classes; asks for it where names are missing."""
    missing = [at for at, index in enumerate(job.classes) if index == NONE][:MOST]
    if not missing:
        return tuple(records)
    labels = [job.dataset.items[record.index].label for record in records]
    _ask(job, missing, {at: labels.count(at) for at in missing})
    said = {at: _matched(job, at).get() for at in missing}
    return tuple(
        replace(record, truth=said[label]) if label in said else record
        for record, label in zip(records, labels, strict=True)
    )


def _ask(job: AuditJob, missing: Sequence[int], counts: dict[int, int]) -> None:
    """A choice for each class without a namesake; the lists are long, so they come with the open box only."""
    title = f"Match the classes ({len(missing)} without a namesake in the model)"
    box = st.expander(title, icon=":material/join_inner:", key="audit_matching", on_change="rerun")
    if not box.open:
        return
    names = job.model.config.class_names
    with box:
        st.caption("Their pictures count as without a class until you say which one it is. Nothing is computed again.")
        with st.container(horizontal=True):
            for at in missing:
                st.selectbox(
                    f"{in_prose(job.dataset.class_names[at])} ({counts[at]:,})",
                    [NONE, *range(len(names))],
                    format_func=lambda index: "none of them" if index == NONE else short_name(names[index]),
                    key=_matched(job, at).name,
                    persist_state="session",
                    width=240,
                )


def _matched(job: AuditJob, at: int) -> WidgetKey[int]:
    return WidgetKey(f"audit_class_{job.key}_{at}", NONE)
