"""The audit half of the Bench page: which pictures and model, the work in the background, and what it has found."""

from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import streamlit as st

import xai_core as xai
from dashboard.bench import audit_findings
from dashboard.core import audit_log, jobs, state
from dashboard.core.cache_folder import cache_folder
from dashboard.core.failures import in_words
from dashboard.core.jobs import Job
from dashboard.core.plain_text import in_prose
from dashboard.shared import cached, controls, dataset_choice, job_lines
from dashboard.shared.model_loading import ready_model
from xai_core.attribution.catalog import batch_methods, find_method
from xai_core.datasets import Dataset, find_source
from xai_core.durable import passing_folder
from xai_core.evaluation.audit.job import AuditJob, Progressed, audit, stored_audit
from xai_core.models.class_names import matched
from xai_core.types import LoadedModel

WHY = (
    "One map can be luck. An audit looks at a whole set of pictures: how often the map is empty, how much evidence "
    "lies beside the object, which maps waver, which mistakes the model is sure of, and whether a copy without the "
    "object still gets the same answer. That last one finds models that cheat."
)

MEASURES = "An audit asks which class a picture gets and whether it is right; this model tells no classes."


def page() -> None:
    st.markdown(WHY)
    left, right = st.columns([1, 2], gap="medium")
    with left:
        controls.model_control()
        model = ready_model(state.selection().model)
        how = _how(model)
    with right, in_words():
        dataset = dataset_choice.data_control("Pictures to audit")
    progress, results = st.container(), st.container()
    if not model.config.answer.probable:
        st.info(MEASURES, icon=":material/block:")
    elif dataset is not None:
        with in_words():
            job = _job(model, dataset, how)
        with results, in_words():
            _audit(job)
    job_lines.lines(progress)


def _how(model: LoadedModel) -> tuple[str, str]:
    """The method and the layer of the maps."""
    key = state.selection().model
    layers = {layer.name: layer for layer in cached.layers(model) if layer.main}
    names = list(layers)
    suggested = next((name for name, layer in layers.items() if layer.suggested), None) or xai.suggested_layer(model)
    method = _method()
    return method, st.selectbox(
        "Layer",
        names,
        index=names.index(suggested),
        format_func=lambda name: controls.layer_title(layers[name]),
        key=f"audit_layer_{key}",
        persist_state="session",
    )


def _method() -> str:
    """Begins with the method of the other pages, where an audit can take it."""
    elsewhere, offered = state.selection().method, batch_methods()
    method: str = st.selectbox(
        "Method",
        offered,
        index=offered.index(elsewhere) if elsewhere in offered else 0,
        format_func=lambda name: find_method(name).title,
        key="audit_method",
        persist_state="session",
        help="Those that take one gradient for many pictures at once.",
    )
    if elsewhere not in offered:
        st.caption(
            f"{find_method(elsewhere).title}, chosen on the other pages, is not offered: an audit needs a method that "
            "takes one gradient for many pictures at once."
        )
    return method


def _job(model: LoadedModel, dataset: Dataset, how: tuple[str, str]) -> AuditJob:
    classes = matched(dataset.class_names, model.config.class_names).tolist()
    method, layer = how
    return AuditJob(model, dataset, layer, tuple(classes), method)


def _audit(job: AuditJob) -> None:
    """The run's line, the button where none is under way, and what was found so far."""
    key, run = f"audit|{job.key}", _look(job)
    found: Progressed | None = run.partial if run is not None else None
    if run is not None and run.running:
        job_lines.follow(key, f"{job.model.config.title} looks at the pictures", "pictures")
    elif found is None or found.done < found.total:
        _offer(job, run)
    if found is not None and found.records and not (run and run.running):
        audit_log.told_of_many(job.model, job.dataset)
        audit_findings.show(job, found)


def _offer(job: AuditJob, run: Job | None) -> None:
    if run is not None and run.trouble:
        st.error(in_prose(run.trouble), icon=":material/error:")
    total = len(job.dataset)
    begun = run is not None and run.done > 0
    if run is not None and begun:
        st.info(f"Stopped after {run.done:,} of {total:,} pictures. What is done is kept.", icon=":material/pause:")
    st.button(
        "Go on" if begun else f"Audit {total:,} picture{'s' if total != 1 else ''}",
        key="audit_start",
        type="primary",
        icon=":material/troubleshoot:",
        on_click=partial(_start, job),
    )
    st.caption("About eight passes of the network a picture. You can stop at any time and go on later.")


def _look(job: AuditJob) -> Job | None:
    """The audit's run, also one that an earlier server has left on the disk."""
    key = f"audit|{job.key}"
    run = jobs.look(key)
    if run is not None:
        return run
    found = stored_audit(job, _store())
    return None if found is None else jobs.keep(key, found, found.done, found.total)


def _start(job: AuditJob) -> None:
    store = _store()

    def work(tell: jobs.JobProgress) -> Progressed:
        with closing(audit(job, store)) as states:
            for found in states:
                tell(found.done, found.total, found)
        return found

    jobs.start(f"audit|{job.key}", work)


def _store() -> Path:
    """Results hold small copies of the pictures: those of a visitor's own lie in a folder that goes with the server."""
    if not find_source(dataset_choice.chosen()).passing:
        return cache_folder("audits")
    return Path(_passing().name)


@st.cache_resource(show_spinner=False, max_entries=1)
def _passing() -> TemporaryDirectory[str]:
    return passing_folder("sightline-audits-")
