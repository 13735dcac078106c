"""The pictures as a table, those on which the models differ first; a click on one opens it."""

from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from dashboard.core.plain_text import in_prose
from dashboard.models.versus.export import as_csv
from dashboard.models.versus.model_answers import Joined
from dashboard.models.versus.versus_request import Pair
from dashboard.shared.components.choices import thumbnail_url
from dashboard.shared.job_lines import short
from xai_core.models.class_names import short_name

MOST_ROWS, MOST_UNREAD = 200, 20


def table(pair: Pair, joined: Joined) -> int | None:
    """Draw the table; gives the row that is open, at first the top one, or None where there is none."""
    lists = _lists(joined)
    st.subheader("Picture by picture", anchor=False)
    chosen: str = st.segmented_control(
        "Show",
        list(lists),
        format_func=lambda name: f"{name} ({len(lists[name]):,})",
        default=next(name for name, rows in lists.items() if len(rows)),
        key=f"versus_list_{'_'.join(lists)}",
        required=True,
        label_visibility="collapsed",
    )
    rows = lists[chosen]
    if not len(rows):
        st.info("There are none.", icon=":material/check:")
        return None
    return _table(pair, joined, rows, chosen)


def unread(joined: Joined) -> None:
    """The pictures that a model could not read, each with its reason."""
    for name, reason in joined.unread[:MOST_UNREAD]:
        st.caption(f":material/error: {in_prose(name)}: {in_prose(reason)}")
    more = len(joined.unread) - MOST_UNREAD
    if more > 0:
        st.caption(f"And {more:,} more could not be read.")


def _lists(joined: Joined) -> dict[str, np.ndarray]:
    """The rows of each list in the order of the comparison."""
    found, order = joined.versus, joined.versus.order
    judged = found.judged[order]
    a, b = found.right_a[order] == 1, found.right_b[order] == 1
    agree = found.agree[order]
    lists = {"All": order}
    if found.lists.shared:
        lists = {"Different answers": order[~agree], "Same answer": order[agree]} | lists
    if judged.any():
        lists |= {
            "Only A is right": order[judged & a & ~b],
            "Only B is right": order[judged & b & ~a],
            "Both are wrong": order[judged & ~a & ~b],
        }
    return lists


def _table(pair: Pair, joined: Joined, rows: np.ndarray, name: str) -> int:
    shown = rows[:MOST_ROWS].tolist()
    key = f"versus_rows_{short(repr((joined.tables[0].digests, joined.tables[1].digests, name)))}"
    state = st.dataframe(
        [_row(pair, joined, row) for row in shown],
        hide_index=True,
        key=key,
        row_height=64,
        height="content" if len(shown) <= 6 else 460,
        on_select="rerun",
        selection_mode="single-cell",
        column_config={
            "Picture": st.column_config.ImageColumn(width="small"),
            "A sure": st.column_config.NumberColumn(format="%.1f %%", width="small"),
            "B sure": st.column_config.NumberColumn(format="%.1f %%", width="small"),
        },
        alt="Both models' answers; choose a row to see where each looks",
    )
    told = f"The first {MOST_ROWS} of {len(rows):,}; the CSV has them all. " if len(rows) > MOST_ROWS else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{told}Click a row to see where each model looks. A click on a heading sorts.", width="stretch")
        st.download_button(
            "All answers (CSV)",
            partial(as_csv, pair, joined),
            "two-models.csv",
            "text/csv",
            icon=":material/table:",
            on_click="ignore",
        )
    cells = state.selection.cells
    row: int = shown[min(cells[0][0], len(shown) - 1)] if cells else shown[0]
    return row


def _row(pair: Pair, joined: Joined, row: int) -> dict[str, Any]:
    (a, b), (at_a, at_b) = joined.tables, (int(rows[row]) for rows in joined.rows)
    label = int(a.labels[at_a])
    told = {"Label": short_name(a.class_names[label]) if label >= 0 else ""} if (a.labels >= 0).any() else {}
    return {
        "Picture": thumbnail_url(a, at_a),
        **told,
        f"A · {pair.a.config.title}": short_name(a.model_classes[a.predictions[at_a]]),
        "A sure": 100 * float(a.probabilities[at_a]),
        f"B · {pair.b.config.title}": short_name(b.model_classes[b.predictions[at_b]]),
        "B sure": 100 * float(b.probabilities[at_b]),
        "Name": str(a.names[at_a]),
    }
