"""Top patches: the pictures of a set, and the places in them, that excite the chosen channel most, or least."""

from functools import partial

import streamlit as st

from dashboard.core import jobs
from dashboard.core.failures import foreign_refused
from dashboard.core.jobs import Job
from dashboard.core.plain_text import as_code, in_prose
from dashboard.core.session import StateKey
from dashboard.shared import cached, dataset_choice, job_lines
from dashboard.shared.components.patch_row import patch_row
from dashboard.shared.one_of import one_of
from dashboard.shared.page_context import PageContext
from dashboard.units import patch_jobs as units_runs
from dashboard.units import unit_choice as units_choice
from dashboard.units.current_unit import Shown
from dashboard.units.patch_images import piece
from xai_core.datasets import Dataset
from xai_core.errors import ImageError, LayerError, SightlineError
from xai_core.features.patch_job import By, PatchJob, patch_job
from xai_core.features.patches import Patch, TopPatches, class_shares
from xai_core.render.recipe import percent

POLL_S = 1.0
COUNTS = (9, 16, 25)
BYS: dict[By, str] = {"activation": "Activation", "contribution": "Contribution"}
ENDS = {"most": "Most", "least": "Least"}
_PAGE_RUNS = StateKey("unit_visit", bool)  # whether the whole page is to run
_OPEN_FAILURE = StateKey("unit_open_failure", str)


def top_patches(context: PageContext, shown: Shown) -> None:
    """The choice of pictures, the search's progress, and what it has found for this channel."""
    st.subheader(f"What excites channel {shown.channel} most", anchor=False)
    st.markdown(
        "One run over a set of pictures finds, for **every** channel, the places that excite it most. What they have "
        "in common is what the channel detects. Click a piece to see its pixels."
    )
    try:
        with foreign_refused():
            _search(context, shown)
    except SightlineError as error:  # the rest of the page does without
        st.error(in_prose(str(error)), icon=":material/error:")


def _search(context: PageContext, shown: Shown) -> None:
    dataset = dataset_choice.data_control()
    if dataset is None:
        return
    job = _job(context, dataset, *_settings())
    source = dataset_choice.chosen()
    run = units_runs.look(job)
    if run is None and dataset_choice.runs_by_itself(source, context.model.config.key):
        units_runs.start(job)
        run = units_runs.look(job)
    following = run is not None and run.running
    if following:
        jobs.want(units_runs.key_of(job))
    show = partial(_results, context, shown, job, source, following)
    st.fragment(show, run_every=POLL_S if following else None)()


def _settings() -> tuple[By, int, int]:
    """How places are ranked, how many are kept, and how many of one picture."""
    with st.popover("Settings", icon=":material/tune:"):
        told = (
            "Activation: how strongly the unit fires. Contribution: what it adds there to the score of the class that "
            "the model sees, weight times activation; about three times the work."
        )
        by: By = one_of("Rank places by", BYS, "activation", "unit_by", help=told)
        count = one_of("Pieces", {n: str(n) for n in COUNTS}, COUNTS[0], "unit_count")
        each = st.toggle("Several places of one picture", key="unit_each", persist_state="session")
    return by, count, 3 if each else 1


def _job(context: PageContext, dataset: Dataset, by: By, count: int, each: int) -> PatchJob:
    """The question to all layers of the short list at once, so that another unit needs no other run."""
    layers = {layer.name for layer in context.layers if layer.main} | {context.layer}
    return patch_job(context.model, dataset, sorted(layers), count, by=by, per_image=each)


def _results(context: PageContext, shown: Shown, job: PatchJob, source: str, following: bool) -> None:
    """The part of the page that follows a running search; the whole page runs where it has started or ended."""
    run = units_runs.look(job)
    if _PAGE_RUNS.take() or (following and not (run and run.running)):
        st.rerun()
    _progress_line(job, run)
    if run is not None and run.partial is not None and run.partial.done:
        _pieces(context, shown, job, source, run.partial)


def _progress_line(job: PatchJob, run: Job | None) -> None:
    """How far the search is, with the one thing to do about it."""
    if run is not None and run.running:
        job_lines.line(units_runs.key_of(job), run, units_runs.TITLE, "pictures")
        return
    if run is not None and run.trouble:
        st.error(in_prose(run.trouble), icon=":material/error:")
    done, total = (run.partial.done, run.partial.total) if run and run.partial else (0, len(job.dataset))
    if done == total:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if done:
            st.progress(done / total, f"Stopped after {done:,} of {total:,} pictures; this is what they gave.")
            st.button("Go on", icon=":material/play_arrow:", on_click=_start, args=(job,))
        else:
            title = f"Search {total:,} pictures"
            st.button(title, type="primary", icon=":material/image_search:", on_click=_start, args=(job,))


def _start(job: PatchJob) -> None:
    units_runs.start(job)
    _PAGE_RUNS.set(True)  # so that this part follows the search


def _pieces(context: PageContext, shown: Shown, job: PatchJob, source: str, found: TopPatches) -> None:
    end = one_of("Which end", ENDS, "most", "unit_end", bare=True)
    try:
        patches = found.unit(context.layer, shown.channel, least=end == "least")
    except LayerError as error:
        st.info(in_prose(str(error)), icon=":material/info:")
        return
    field = cached.fields(context.model, context.layers)[context.layer]
    made = [(patch, piece(context.model, job.dataset, field, shown.channel, patch)) for patch in patches]
    there = [(patch, one) for patch, one in made if one is not None]
    patch_row(
        [one for _, one in there],
        label=f"Pieces that excite channel {shown.channel} {end}",
        key="unit_pieces",
        on_choose=lambda index: _open(shown, job.dataset, source, there[index][0]),
    )
    st.caption(_in_words(job, found, patches, len(made) - len(there)))
    _unread(job.dataset, found)
    if failure := _OPEN_FAILURE.take():
        st.error(in_prose(failure), icon=":material/error:")


def _open(shown: Shown, dataset: Dataset, source: str, patch: Patch) -> None:
    """Go to the piece's picture, with this channel at its place."""
    units_choice.remember()
    try:
        image = dataset_choice.display_image_of(source, dataset, patch.image)
    except ImageError as error:
        units_choice.forget()
        _OPEN_FAILURE.set(str(error))
        return
    units_choice.visit(image, shown.channel, (patch.i, patch.j), shown.here)
    _PAGE_RUNS.set(True)


def _in_words(job: PatchJob, found: TopPatches, patches: tuple[Patch, ...], gone: int) -> str:
    what = "activation" if job.by == "activation" else "contribution to the score"
    shares = ", ".join(
        f"**{in_prose(name)}** ({percent(share)})" for name, share in class_shares(patches, job.dataset)[:5]
    )
    classes = f" Classes among them: {shares}." if shares else ""
    lost = f" {gone} can no longer be read." if gone else ""
    once = "one place a picture" if job.per_image == 1 else f"up to {job.per_image} places a picture"
    return f"The number below a piece is its {what}; of {found.done:,} pictures, {once}.{classes}{lost}"


def _unread(dataset: Dataset, found: TopPatches) -> None:
    if not found.unread:
        return
    count = len(found.unread)
    words = "1 picture could not be read and was" if count == 1 else f"{count:,} pictures could not be read and were"
    with st.expander(f"{words} left out"):
        for index, reason in found.unread[:50]:
            st.markdown(f"- {as_code(dataset.items[index].id)}: {in_prose(reason)}")
