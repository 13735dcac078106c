"""The visitor's own files: taking them in, saying what was refused, and forgetting them."""

import streamlit as st

from dashboard.core import session
from dashboard.core.failures import foreign_refused
from dashboard.core.plain_text import in_prose
from dashboard.core.session import StateKey, WidgetKey
from dashboard.mri import shelf
from dashboard.mri.scan_files import Opened, open_files
from xai_core.errors import SightlineError

OWN = "own"
MAX_MB = 1000
SOURCE = WidgetKey("mri_source", "")  # OWN, or a sample
FAILURES = StateKey[list[str]]("mri_failures", list, ends="own scans")
_TURN = StateKey("mri_turn", int)


def own() -> Opened | None:
    """The visitor's files; each use gives them another hour."""
    store = shelf.shelf("own", 1)
    found = store.get(OWN)
    if found is not None:
        store[OWN] = found
    return found


def upload(*, keep: bool) -> None:
    """Take files in at once, with progress; what was left out is said below.

    keep: whether the files of before stay where these are refused, as they could be shown.
    """
    turn = _TURN.get()
    files = st.file_uploader(
        "Your own scan",
        accept_multiple_files=True,
        key=f"mri_upload_{turn}",
        max_upload_size=MAX_MB,
        help="DICOM or NIfTI, all files of a study at once or as a zip; or PNG and JPEG pictures of slices. They stay "
        "on this server, in this visit and at most an hour without use. No name is kept or shown.",
    )
    if files:
        bar = st.progress(0.0, "Reading …")

        def show(done: int, total: int) -> None:
            bar.progress(done / total, f"Reading file {done} of {total}")

        try:
            with foreign_refused():
                opened = open_files([file.getvalue() for file in files], turn + 1, show)
            shelf.shelf("own", 1)[OWN] = opened
            SOURCE.set(OWN)
            FAILURES.set(list(opened.left_out))
        except SightlineError as error:
            FAILURES.set([str(error)])
            if not keep:
                shelf.shelf("own", 1).clear()
        _TURN.set(turn + 1)  # an empty uploader again, which shows no file's name
        st.rerun()
    if own():
        for sentence in FAILURES.get()[:6]:
            st.warning(in_prose(sentence), icon=":material/error:")
        st.button("Remove my files", on_click=_forget, type="tertiary", icon=":material/delete:")


def refusal() -> None:
    """Where nothing of the visitor's own is open: why not, in the middle of the page."""
    if not own():
        for sentence in FAILURES.get()[:6]:
            st.error(f"Your files were not opened; a sample is shown. {in_prose(sentence)}", icon=":material/error:")


def _forget() -> None:
    SOURCE.forget()
    session.end("own scans")
