"""The planted-truth half of the Bench page: a task, an example with its maps, the table, and the verdict's own test."""

import streamlit as st

from dashboard.bench import bench_chart, example, task_descriptions
from dashboard.shared.one_of import one_of
from xai_core.attribution.catalog import find_method
from xai_core.evaluation.planted.bench import Results, as_csv, stored
from xai_core.evaluation.planted.network import TASKS, Task, facts
from xai_core.render.recipe import percent


def page() -> None:
    found = stored()
    st.markdown(task_descriptions.WHY)
    task: Task = one_of("Task", task_descriptions.TITLES, "shapes", "bench_task")
    st.markdown(_about(task))
    example.show(task)
    _table(found, task)
    _verdicts(found)
    st.caption(f":material/info: {task_descriptions.LIMITS}")
    with st.popover("How this was measured", icon=":material/science:"):
        st.markdown(
            "The networks: `python -m training.planted`. The table: `"
            + found.made
            + "`. Both are seeded. Every map is "
            "of a picture that the network names rightly. Bars: 95 % of 1000 bootstrap draws of the pictures. The "
            "rules of the verdict were looked at on other cases (`--verdict-seed 7000`) than those counted here."
        )


def _about(task: Task) -> str:
    accuracy = facts()[TASKS[task]]["accuracy"]
    return task_descriptions.TASKS[task].format(
        accuracy=percent(accuracy["as trained"]), without=percent(accuracy.get("without the mark", 0))
    )


def _table(found: Results, task: Task) -> None:
    st.subheader("Every method, at every stage", anchor=False)
    measure = one_of("Measure", task_descriptions.MEASURES, "energy", "bench_measure")
    rows = [row for row in found.rows if row.task == task]
    st.caption(
        f"{task_descriptions.HELP[measure]} {rows[0].cases} pictures; the region takes {percent(rows[0].area)} of each."
    )
    st.markdown(bench_chart.conclusion(rows, measure))
    bench_chart.methods(rows, measure)
    measured = {row.method for row in rows}
    waiting = [find_method(key).title for key in example.applicable(task) if key not in measured]
    if waiting:
        st.caption(f"Not measured yet: {', '.join(waiting)}.")
    with st.expander("All figures", icon=":material/table:"):
        st.dataframe(bench_chart.table(rows), hide_index=True, alt="All figures of this task")
        st.download_button(
            "All tasks (CSV)", as_csv(found.rows), "planted-truth.csv", icon=":material/download:", on_click="ignore"
        )


def _verdicts(found: Results) -> None:
    told = found.verdicts
    st.subheader("Is the verdict itself right?", anchor=False)
    st.markdown(task_descriptions.VERDICT)
    best, all_maps = told["ranking quality of methods that ask about the class"], told["ranking quality"]
    st.markdown(
        f"A good map gets a higher level than a bad one with a chance of **{percent(best)}** (a coin: 50 %). With "
        f"Eigen-CAM among the methods it is {percent(all_maps)}: its maps may hit the only thing in a picture, but "
        "ignore the class, and the card fails them for that."
    )
    st.dataframe(
        [
            {
                "Maps": title,
                "checks support": told[title].get("good", 0),
                "with care": told[title].get("unclear", 0),
                "do not rely": told[title].get("bad", 0),
            }
            for title in ("good maps", "bad maps", "random maps")
        ],
        hide_index=True,
        width="content",
        alt="Levels that the verdict gave to good, bad and random maps",
    )
