"""Well-known data sets: offered with their size, downloaded in the background once a person has agreed."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import streamlit as st

from dashboard.core import jobs
from dashboard.core.cache_folder import cache_folder
from dashboard.core.configuration import read_only
from dashboard.core.plain_text import in_prose
from dashboard.shared import job_lines
from dashboard.shared.one_of import one_of
from xai_core.datasets import Dataset
from xai_core.datasets.published import PUBLISHED, download_published, is_downloaded, open_published

POLL_S = 0.7


def published_set() -> Dataset | None:
    """The chosen set; None while it is not on this machine, when its download is offered. ImageError: it is damaged."""
    key = one_of("Set", {name: one.title for name, one in PUBLISHED.items()}, next(iter(PUBLISHED)), "unit_published")
    if not at_hand(key):
        return None
    st.caption(PUBLISHED[key].about)
    return _opened(key)


def at_hand(key: str) -> bool:
    """Whether the set is on this machine; where it is not, its download is offered, or shown while it runs."""
    if is_downloaded(key, cache_folder("sets")):
        return True
    if read_only():
        st.info("This server is read-only and downloads nothing; choose other pictures.", icon=":material/lock:")
        return False
    running = is_coming(key)
    st.fragment(_offer, run_every=POLL_S if running else None)(key, running)
    return False


def is_coming(key: str) -> bool:
    """Whether the set is being downloaded for this visitor."""
    run = jobs.look(_run_key(key))
    return run is not None and run.running


def _offer(key: str, followed: bool) -> None:
    """What is asked first, or how far the download is. followed: whether this fragment looks again by itself."""
    wanted, run = PUBLISHED[key], jobs.look(_run_key(key))
    running = run is not None and run.running
    if running != followed:
        st.rerun()
    with st.container(border=True):
        if run is not None and run.running:
            jobs.want(_run_key(key))
            job_lines.line(_run_key(key), run, f"Downloading {wanted.title}", "MB")
            return
        megabytes = f"{wanted.size_bytes / 1e6:.0f} MB"
        st.markdown(f"**{wanted.title}** is not on this machine yet. {wanted.about}.")
        st.markdown(f"It is a download of **{megabytes}**. Nothing of yours is sent. It is kept for the next time.")
        if run is not None and run.trouble:
            st.error(in_prose(run.trouble), icon=":material/error:")
        if st.button(f"Download {megabytes}", icon=":material/download:"):
            jobs.start(_run_key(key), partial(_download, key, cache_folder("sets")), in_turn=False)
            st.rerun()


def _download(key: str, folder: Path, tell: jobs.JobProgress) -> bool:
    """Progress in whole megabytes, as a person reads them."""
    download_published(key, folder, lambda done, total: tell(round(done / 1e6), round(total / 1e6)))
    return True


def _run_key(key: str) -> str:
    return f"download|{key}"


@st.cache_resource(max_entries=3, show_spinner="Reading the pictures …")
def _opened(key: str) -> Dataset:
    return open_published(key, cache_folder("sets"))
