"""What an audit has found: figures, the shortcut probes in words, a table with pictures, mean maps, exports."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import streamlit as st

from dashboard.bench.audit_figures import figures
from dashboard.bench.audit_sentences import Copy, in_figures, in_words
from dashboard.bench.class_matching import judged_by
from dashboard.core.plain_text import in_prose
from dashboard.shared.components.viewer import TilesOptions, tiles
from xai_core.attribution.catalog import find_method
from xai_core.evaluation.audit.job import AuditJob, Progressed
from xai_core.evaluation.audit.record import (
    FEW,
    LEAST,
    Probe,
    Record,
    as_csv,
    as_html,
    confident_mistakes,
    least_steady,
    mean_maps,
    most_outside,
    probe,
)
from xai_core.models.class_names import short_name

MOST_ROWS, MOST_MEANS = 400, 24
COPIES: dict[Copy, Callable[[Record], int]] = {
    "border": lambda record: record.border,
    "background": lambda record: record.background,
}
BADGES = {
    "caught": ":red-badge[:material/warning: likely a shortcut]",
    "partly": ":orange-badge[:material/help: more than chance]",
    "no": ":green-badge[:material/check_circle: no sign of one]",
    None: ":gray-badge[:material/info: cannot be said]",
}
MEANINGS = {
    "caught": "The model hardly needs the object. Look at the maps: something around it gives the class away.",
    "partly": "What lies around the object tells part of the class. In natural scenes that may be honest context.",
    "no": "Without the object the model does no better than by always giving the most frequent answer.",
    None: f"It takes at least {LEAST} pictures of several classes.",
}
RIGHT = {True: "yes", False: "no", None: ""}


def show(job: AuditJob, found: Progressed) -> None:
    records = judged_by(job, found.records)
    figures(records, labelled=any(item.label is not None for item in job.dataset.items))
    probes = {copy: probe(records, answer) for copy, answer in COPIES.items()}
    known = any(record.known for record in records)
    _probes(probes, any(record.truth >= 0 for record in records), known)
    _table(job, records)
    _mean_maps(job, records)
    _take_along(job, records, probes)
    for name, reason in found.unread[:20]:
        st.caption(f":material/error: {in_prose(name)}: {in_prose(reason)}")


def _probes(probes: dict[Copy, Probe | None], labelled: bool, known: bool) -> None:
    st.subheader("Does it still know without the object?", anchor=False)
    titles = {"border": "Only the border is left", "background": f"The {'object' if known else 'middle'} is gone"}
    for column, (copy, found) in zip(st.columns(2), probes.items(), strict=True):
        if found is None:
            continue
        with column, st.container(border=True):
            st.markdown(f"**{titles[copy]}** {BADGES[found.level]}")
            st.markdown(in_words(copy, found, labelled, known))
            st.caption(MEANINGS[found.level])


def _table(job: AuditJob, records: Sequence[Record]) -> None:
    st.subheader("Picture by picture", anchor=False)
    judged = any(record.right is not None for record in records)
    lists = _lists(records, judged)
    chosen = st.segmented_control(
        "Show",
        list(lists),
        format_func=lambda name: f"{name} ({len(lists[name]):,})",
        default="All",
        key="audit_list",
        required=True,
        label_visibility="collapsed",
    )
    rows = lists[chosen]
    if not rows:
        st.info("There are none.")
        return
    if len(rows) > MOST_ROWS:
        st.caption(f"The first {MOST_ROWS} of {len(rows):,}; the CSV has them all. A click on a heading sorts.")
    names = job.model.config.class_names
    st.dataframe(
        [_row(record, names, judged) for record in rows[:MOST_ROWS]],
        hide_index=True,
        row_height=72,
        height=min(620, 40 + 73 * len(rows)),
        column_config={
            "Picture": st.column_config.ImageColumn(width="small"),
            "Its map": st.column_config.ImageColumn(width="small"),
            **{
                name: st.column_config.NumberColumn(format="%.1f %%")
                for name in ("Probability", "Margin", "Evidence beside")
            },
            "Steadiness": st.column_config.NumberColumn(format="%.2f"),
        },
        alt="The audited pictures with their maps and figures",
    )


def _lists(records: Sequence[Record], judged: bool) -> dict[str, list[Record]]:
    """What the table can show. A ranking holds the worst quarter; of few pictures it would be the whole table."""
    lists = {"All": list(records)}
    if judged:
        lists["Confident mistakes"] = confident_mistakes(records)
    if len(records) >= LEAST:
        worst = min(MOST_ROWS, len(records) // 4)
        lists["Least steady"] = least_steady(records, worst)
        lists["Most evidence beside the object"] = most_outside(records, worst)
    return lists | {"Empty maps": [record for record in records if record.empty]}


def _row(record: Record, names: Sequence[str], judged: bool) -> dict[str, Any]:
    """judged: of some picture at least the right class is known."""
    truth = short_name(names[record.truth]) if record.truth >= 0 else ""
    return {
        "Picture": record.thumbnail,
        "Its map": record.overlay,
        "Model sees": short_name(names[record.predicted]),
        "Probability": 100 * record.probability,
        "Margin": 100 * record.margin,
        **({"Class": truth, "Right": RIGHT[record.right]} if judged else {}),
        "Evidence beside": None if record.empty else 100 * record.outside,
        "Steadiness": record.steadiness,
        "Border only": short_name(names[record.border]),
        "Without object": short_name(names[record.background]),
        "Name": record.name,
    }


def _mean_maps(job: AuditJob, records: Sequence[Record]) -> None:
    found = mean_maps(records)
    if not found:
        return
    st.subheader("Where it looks on average", anchor=False)
    picked = list(found.items())[:MOST_MEANS]
    names = job.model.config.class_names
    more = f" The {MOST_MEANS} most frequent of {len(found)} classes." if len(found) > MOST_MEANS else ""
    st.caption(
        f"The mean map of the pictures that got the same answer, each scaled alike, from {FEW} pictures on.{more}"
        if None not in found
        else f"The mean map of all pictures, each scaled alike: no answer was given {FEW} times or more."
    )
    tiles(
        np.stack([mean for _, (mean, _count) in picked]),
        [
            f"{'all answers' if index is None else short_name(names[index])}\n{count} pictures"
            for index, (_, count) in picked
        ],
        TilesOptions(columns=8, label="Mean evidence"),
        key="audit_means",
    )


def _take_along(job: AuditJob, records: Sequence[Record], probes: dict[Copy, Probe | None]) -> None:
    names = job.model.config.class_names
    labelled, known = any(r.truth >= 0 for r in records), any(r.known for r in records)
    said = [
        f"{job.model.config.title} (weights {job.model.digest[:8]}), {find_method(job.method).title} at {job.layer}, "
        f"{len(records)} pictures.",
        *in_figures(records),
    ]
    said += [in_words(copy, p, labelled, known).replace("**", "") for copy, p in probes.items() if p is not None]
    suspicious = list(dict.fromkeys([*confident_mistakes(records), *least_steady(records, MOST_ROWS)]))[:MOST_ROWS]
    with st.container(horizontal=True):
        st.download_button(
            "All figures (CSV)",
            lambda: as_csv(records, names),
            "audit.csv",
            icon=":material/table:",
            on_click="ignore",
        )
        st.download_button(
            "Report (HTML)",
            lambda: as_html(f"Audit of {job.dataset.name}", said, suspicious, names, list(mean_maps(records).items())),
            "audit.html",
            icon=":material/description:",
            on_click="ignore",
            help="The findings, the mean map of each class, and with pictures the confident mistakes, then the least "
            f"steady maps, at most {MOST_ROWS}.",
        )
