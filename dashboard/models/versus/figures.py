"""Both models in figures: how often they agree, who is right, and whether the lead of one may be chance."""

import math
from collections.abc import Sequence

import numpy as np
import streamlit as st

from dashboard.core.plain_text import in_prose
from dashboard.models.versus.model_answers import Joined
from dashboard.models.versus.versus_request import Pair
from xai_core.evaluation.disagreement import Lists, Tally, tally
from xai_core.render.recipe import percent

MOST_NAMED = 6
SURE = 0.05


def figures(pair: Pair, joined: Joined) -> None:
    found, counted = joined.versus, tally(joined.versus)
    with st.container(horizontal=True):
        st.metric("Pictures", f"{len(joined):,}")
        if found.lists.shared:
            st.metric("Same answer", percent(float(found.agree.mean())), help=_kappa(found.kappa))
        for name, right in (("A", found.right_a), ("B", found.right_b)):
            judged = found.judged if counted else right >= 0
            if judged.any():
                st.metric(
                    f"{name} is right",
                    percent(float((right[judged] == 1).mean())),
                    help=f"Of the {int(judged.sum()):,} pictures whose class {'both know' if counted else 'it knows'}.",
                )
        if counted:
            st.metric("Only A is right", f"{counted.only_a:,}")
            st.metric("Only B is right", f"{counted.only_b:,}")
            st.metric("Both are wrong", f"{counted.neither:,}")
    if counted:
        st.markdown(in_words(counted, pair.a.config.title, pair.b.config.title))
    _lists(pair, found.lists)
    _unjudged(joined)


def in_words(found: Tally, a: str, b: str) -> str:
    """Who is right more often, and whether that may be chance."""
    first, second = (f"**A · {in_prose(a)}**", f"**B · {in_prose(b)}**")
    if found.only_a == found.only_b:
        return (
            f"{first} and {second} are right equally often, on {found.both + found.only_a:,} of {found.of:,} pictures."
        )
    ahead, more, fewer = (first, found.only_a, found.only_b)
    if found.only_b > found.only_a:
        ahead, more, fewer = second, found.only_b, found.only_a
    told = (
        f"{ahead} is ahead: it alone is right on {more:,} picture{'s' if more != 1 else ''}, "
        f"the other alone on {fewer:,}. "
        f"If both were equally good, chance would give a lead as large in **{percent(found.p)}** of such comparisons"
    )
    verdict = (
        "so the lead is hardly chance" if found.p < SURE else "so this may well be chance: more pictures would tell"
    )
    return f"{told} (McNemar's exact test), {verdict}."


def _kappa(kappa: float) -> str:
    if math.isnan(kappa):
        return "Both models always give one and the same answer here."
    return (
        f"Cohen's kappa {kappa:.2f}: 1 is full agreement; 0 is what two models would agree by chance, given how often "
        "each names each class."
    )


def _lists(pair: Pair, lists: Lists) -> None:
    """How classes were compared."""
    if not lists.shared:
        st.warning(
            "No class of A has the name of a class of B, so their answers cannot be compared by name. Below stand both "
            "answers to each picture, where both models are surest first. If the classes mean the same, give them the "
            "same names on the card.",
            icon=":material/help:",
        )
    elif lists.only_a or lists.only_b:
        st.caption(
            f":material/info: {_classes(lists.shared)} the same name in both models; {lists.only_a:,} are A's "
            f"alone and {lists.only_b:,} are B's alone. A class that only one of them has always counts as a "
            "different answer."
        )
    if lists.shared:
        st.caption(
            "Answers are the same where the names of the best classes are: the first of several names counts, and case "
            "and hyphens do not."
            if not lists.same
            else f"Both models have the same {len(pair.a.config.class_names):,} classes."
        )
    if "several" in (pair.a.config.answer.kind, pair.b.config.answer.kind):
        st.caption("Where a picture can have several classes, the most probable one is the answer.")


def _classes(count: int) -> str:
    return f"{count:,} classes have" if count != 1 else "1 class has"


def _unjudged(joined: Joined) -> None:
    """Labels that not both models have: their pictures are neither right nor wrong."""
    table, found = joined.tables[0], joined.versus
    labels = table.labels[joined.rows[0]]
    if not found.judged.any() and (labels < 0).all():
        st.caption("The classes of these pictures are not known, so nobody can say which model is right.")
        return
    if not found.lists.shared:
        return  # the warning above has said it
    knows_a, knows_b = found.right_a >= 0, found.right_b >= 0
    rename = "If it has the class under another name, give it this name on its card."
    for lacks, where, remedy in (
        ("neither model has", ~knows_a & ~knows_b, "Say above which of the models' classes that is."),
        ("A does not have", knows_b & ~knows_a, rename),
        ("B does not have", knows_a & ~knows_b, rename),
    ):
        unjudged = (labels >= 0) & where
        if unjudged.any():
            missing = [in_prose(table.class_names[i]) for i in np.unique(labels[unjudged])]
            told = f"{_not_counted(int(unjudged.sum()))} for who is right: {lacks} a class called {_listed(missing)}."
            st.caption(f":material/info: {told} {remedy}")


def _not_counted(count: int) -> str:
    return f"{count:,} pictures do not count" if count != 1 else "1 picture does not count"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
