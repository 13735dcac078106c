"""Searches for top patches as work in the background, with what they have found so far.

A search's state lies on the disk after every batch: after a restart of the server it goes on where it was.
"""

from contextlib import closing
from pathlib import Path

from dashboard.core import jobs
from dashboard.core.cache_folder import cache_folder
from dashboard.core.jobs import Job, JobProgress
from dashboard.shared import dataset_choice
from xai_core.datasets import find_source
from xai_core.features.patch_job import PatchJob
from xai_core.features.patches import TopPatches
from xai_core.features.top_patches import search, stored_patches

TITLE = "Top patches"


def key_of(job: PatchJob) -> str:
    return f"patches|{job.key}"


def look(job: PatchJob) -> Job | None:
    """The search for this question, its `partial` the `TopPatches` so far; also one that an earlier server has left on
    the disk. None where there was none."""
    run = jobs.look(key_of(job))
    if run is not None:
        return run
    store = _store()
    found = None if store is None else stored_patches(job, store)
    return None if found is None else jobs.keep(key_of(job), found, found.done, found.total)


def start(job: PatchJob) -> None:
    """Let the search run, or go on, in the background."""
    store = _store()

    def work(tell: JobProgress) -> TopPatches:
        with closing(search(job, store)) as states:
            for found in states:
                tell(found.done, found.total, found)
        return found

    jobs.start(key_of(job), work)


def stop(job: PatchJob) -> None:
    """End the search after its current batch; what was found stays."""
    jobs.stop(key_of(job))


def _store() -> Path | None:
    """The folder of all results: it holds numbers and the names of unreadable pictures, never pixels. None for a
    visitor's own pictures, of which nothing may outlive the visit."""
    return None if find_source(dataset_choice.chosen()).passing else cache_folder("patches")
