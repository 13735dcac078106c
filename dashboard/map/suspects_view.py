"""The suspects as a table with small pictures, in which a person accepts, dismisses and notes."""

from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from dashboard.core import jobs
from dashboard.core.plain_text import in_prose, share_first
from dashboard.core.session import StateKey, WidgetKey, none
from dashboard.map import map_choice
from dashboard.map.decisions import DECISIONS, Decision, as_csv, decide, decisions
from dashboard.map.map_request import PART
from dashboard.map.suspects import ABOUT, KINDS, Suspects, find, job_of, key_of, listed
from dashboard.map.table import Space
from dashboard.shared import job_lines
from dashboard.shared.components.choices import thumbnail_url
from dashboard.shared.one_of import one_of

_FRAME = StateKey[tuple[tuple[str, str, int], pd.DataFrame] | None]("space_frame", none)  # what it is of, and itself


def suspects(space: Space) -> None:
    """The page's second half; the search starts by itself."""
    run = job_of(space)
    if run.running:
        job_lines.follow(key_of(space), "Looking for suspects", "steps")
        return
    if run.result is None:
        st.warning(in_prose(run.trouble or "The search was stopped."), icon=":material/info:")
        st.button("Search again", on_click=jobs.start, args=(key_of(space), partial(find, space)))
        return
    found: Suspects = run.result
    kind = one_of("Suspects", KINDS, "outliers" if found.reason else "labels", "space_kind", bare=True)
    st.markdown(ABOUT[kind])
    if kind in ("labels", "pairs") and found.reason:
        st.info(in_prose(found.reason), icon=":material/info:")
        return
    pair = _pair(space, found) if kind == "pairs" else 0
    rows, numbers = listed(found, kind, pair)
    if not len(rows):
        st.info("None were found.", icon=":material/check:")
        return
    _editor(space, kind, pair, rows, numbers)
    _after(space, rows)


def _pair(space: Space, found: Suspects) -> int:
    names = space.table.class_names
    pair: int = st.selectbox(
        "Classes",
        range(len(found.pairs)),
        format_func=lambda i: (
            f"{names[found.pairs[i].first]} and {names[found.pairs[i].second]} · "
            f"{share_first(found.pairs[i].share)} goes to the other"
        ),
        key="space_pair",
    )
    return pair


def _editor(space: Space, kind: str, pair: int, rows: np.ndarray, numbers: pd.DataFrame) -> None:
    """Streamlit keeps edits against the frame they were made in, so that frame stays while the editor does."""
    key, what = f"space_suspects_{kind}_{pair}", (space.key, kind, pair)
    kept = _FRAME.get()
    if kept is None or kept[0] != what or not WidgetKey(key, None).is_set():
        kept = (what, _frame(space, kind, rows, numbers))
        _FRAME.set(kept)
    fixed = [name for name in kept[1].columns if name not in ("decision", "note")]
    edited = st.data_editor(
        kept[1],
        key=key,
        hide_index=True,
        disabled=fixed,
        row_height=56,
        height=520 if len(rows) > 8 else "content",
        column_config={
            "picture": st.column_config.ImageColumn("picture", width="small"),
            "decision": st.column_config.SelectboxColumn("decision", options=DECISIONS, width="small"),
            "note": st.column_config.TextColumn("note", max_chars=300, width="medium"),
            **{name: st.column_config.NumberColumn(name, format="%.3f") for name in _decimals(numbers)},
        },
    )
    for row, verdict, note in zip(rows.tolist(), edited["decision"], edited["note"], strict=True):
        decide(space, kind, row, Decision(verdict or "", note or ""))


def _decimals(numbers: pd.DataFrame) -> list[str]:
    return [name for name in numbers.columns if numbers[name].dtype.kind == "f"]


def _frame(space: Space, kind: str, rows: np.ndarray, numbers: pd.DataFrame) -> pd.DataFrame:
    table, kept = space.table, decisions(space)
    known = [kept.get((kind, row), Decision()) for row in rows.tolist()]
    labels = {"label": [table.class_names[i] if i >= 0 else "" for i in table.labels[rows]]} if space.labelled else {}
    return pd.DataFrame(
        {
            "picture": [thumbnail_url(table, row) for row in rows.tolist()],
            "decision": [one.verdict for one in known],
            "note": [one.note for one in known],
            **labels,
            "predicted": [table.model_classes[i] for i in table.predictions[rows]],
            **{name: numbers[name].to_numpy() for name in numbers},
            "name": [str(table.names[row]) for row in rows.tolist()],
        }
    )


def _after(space: Space, rows: np.ndarray) -> None:
    """Where the list leads: to the map, and out."""
    count = len(decisions(space))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Show these on the map", icon=":material/scatter_plot:", on_click=_on_map, args=(space, rows))
        st.download_button(
            f"Decisions as CSV ({count})",
            partial(as_csv, space),
            "decisions.csv",
            "text/csv",
            icon=":material/download:",
            disabled=not count,
        )
        st.caption("Enter opens a cell, arrows move. Decisions last for this visit.", width="content")


def _on_map(space: Space, rows: np.ndarray) -> None:
    mask = np.zeros(len(space.table), bool)
    mask[rows] = True
    map_choice.change(selected=mask)
    PART.set("map")
