"""Which of the models' classes a class of the pictures is, where the name does not tell: "no_tumor" for "no tumour"."""

import difflib

import numpy as np
import streamlit as st

from dashboard.core.plain_text import in_prose
from dashboard.models.versus.model_answers import Tables
from dashboard.shared.job_lines import short
from xai_core.evaluation.disagreement import unmatched
from xai_core.models.class_names import plain

MOST = 24  # that are asked about


def label_names(tables: Tables) -> tuple[str, ...]:
    """The names of the pictures' classes, with the models' own in place of those that the visitor has said."""
    first, second = tables
    names = list(first.class_names)
    used = set(np.unique(first.labels).tolist())
    unknown_to = [set(unmatched(classes, classes, names)) for classes in (first.model_classes, second.model_classes)]
    open_ones = sorted(unknown_to[0] & unknown_to[1] & used)[:MOST]  # a name that one model has cannot be said away
    if not open_ones:
        return tuple(names)
    options = list(dict.fromkeys([*first.model_classes, *second.model_classes]))
    count = len(open_ones)
    title = "1 class" if count == 1 else f"{count} classes"
    with st.expander(f"Neither model knows {title} of these pictures by name", icon=":material/label:"):
        st.caption(
            "Say which class of the models each one is; without that, its pictures do not count for who is right."
        )
        columns = st.columns(min(3, count))
        for place, index in enumerate(open_ones):
            with columns[place % len(columns)]:
                names[index] = _said(names[index], options) or names[index]
    return tuple(names)


def _said(name: str, options: list[str]) -> str | None:
    chosen: str | None = st.selectbox(
        in_prose(name),
        _nearest_first(name, options),
        index=None,
        key=f"versus_label_{short(repr((name, options)))}",
        persist_state="session",
        placeholder="None of them",
    )
    return chosen


def _nearest_first(name: str, options: list[str]) -> list[str]:
    """The likeliest on top; nothing is chosen by itself, as alike names may mean opposites."""
    likeness = {o: difflib.SequenceMatcher(None, plain(name), plain(o)).ratio() for o in options[:2000]}
    return sorted(options, key=lambda option: -likeness.get(option, 0.0))
