"""Which scan: a sample that is open from the start, or files of one's own, and which series of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import streamlit as st

from dashboard.core.plain_text import in_prose, plainly
from dashboard.core.session import StateKey
from dashboard.mri import case_copy, cases, shelf, uploading
from dashboard.mri.scan import PICTURE, Scan
from dashboard.mri.scan_files import Opened
from dashboard.mri.uploading import FAILURES, OWN, SOURCE
from xai_core.datasets.cheng import ChengCopy
from xai_core.errors import ImageError
from xai_core.images.scans import Volume
from xai_core.images.scans.samples import SCAN_SAMPLES, load_scan_sample

_SHORT = {"simulated-lesion": "Template, SIMULATED lesion", "template": "Template of 152 healthy"}

_UNDECODED = StateKey("mri_undecoded", bool)  # whether the chosen series could not be shown


def choose_scan() -> Scan:
    """The controls of the side bar; gives what is open, or an ImageError that the page says in its middle."""
    uploading.upload(keep=not _UNDECODED.get())
    try:
        scan = _chosen()
    except ImageError:
        _UNDECODED.set(True)
        raise
    _UNDECODED.set(False)
    return scan


def _chosen() -> Scan:
    titles = {sample.key: _SHORT.get(sample.key, sample.title) for sample in SCAN_SAMPLES}
    copy = _copy()
    if copy is not None:
        titles = {cases.KEY: cases.TITLE} | titles
    options = [*([OWN] if uploading.own() else []), *titles]
    if copy is not None and case_copy.arrived():
        SOURCE.set(cases.KEY)
    if SOURCE.get() not in options:
        SOURCE.set(options[0])
    source = st.selectbox(
        "Scan",
        options,
        format_func=lambda key: titles.get(key, "Your files"),
        key=SOURCE.name,
        on_change=FAILURES.forget,
        persist_state="session",
    )
    case_copy.offer(found=copy is not None)
    own = uploading.own()
    if source == OWN and own:
        return _own_scan(own)
    return cases.case_scan(copy) if source == cases.KEY and copy is not None else _sample_scan(source)


def _copy() -> ChengCopy | None:
    """The copy of real tumours; one that cannot be used is told, and the samples stay."""
    try:
        return case_copy.find()
    except ImageError as error:
        st.error(plainly(str(error)), icon=":material/error:")
        return None


def _own_scan(own: Opened) -> Scan:
    """The chosen series of the visitor's files, decoded once."""
    titles = [f"{i + 1} · {series.title}" for i, series in enumerate(own.series)]
    titles += [f"{len(own.images)} picture{'s' if len(own.images) > 1 else ''}"] if own.images else []
    at = 0
    if len(titles) > 1:
        at = st.selectbox(
            "Series",
            range(len(titles)),
            format_func=titles.__getitem__,
            key=f"mri_series_{own.number}",
            persist_state="session",
        )
    if at >= len(own.series):
        return Scan(f"{own.number}_pictures", images=own.images)
    series, step = own.series[at], 0
    if len(series.steps) > 1:
        step = st.selectbox(
            "Volume",
            range(len(series.steps)),
            format_func=lambda i: series.steps[i] or f"{i + 1} of {len(series.steps)}",
            key=f"mri_step_{own.number}_{at}",
            persist_state="session",
        )
    key = f"{own.number}_{at}_{step}"
    volume = shelf.kept("volumes", key, partial(_decoded, own, at, step), 2)
    return Scan(key, volume, files=own.files, remarks=volume.notes)


def _decoded(own: Opened, at: int, step: int) -> Volume:
    slot = st.empty()
    bar = slot.progress(0.0, "Decoding …")

    def show(done: int, total: int) -> None:
        bar.progress(min(1.0, done / max(1, total)), "Decoding …")

    try:
        return own.series[at].volume(step, show)
    finally:
        slot.empty()


def _sample_scan(key: str) -> Scan:
    sample = next(sample for sample in SCAN_SAMPLES if sample.key == key)
    volume, outline = _sample(key)
    remarks = (*volume.notes, f"Source: {sample.credit}.")
    hints = (sample.note,) if sample.note else ()
    return Scan(key, volume, outline=outline, start=sample.start, remarks=remarks, hints=hints)


@st.cache_resource(max_entries=3, show_spinner=False)
def _sample(key: str) -> tuple[Volume, np.ndarray | None]:
    """A bundled scan, which is nobody's: the same for all visitors."""
    return load_scan_sample(key)


def facts(scan: Scan, *, answered: bool) -> None:
    """The technical facts of the file, from a fixed list, and what was done on reading.

    answered: whether the hints may be read already.
    """
    for remark in scan.remarks + (scan.hints if answered else ()):
        if "burned" in remark:
            st.warning(in_prose(remark), icon=":material/visibility_lock:")
        else:
            st.caption(in_prose(remark))
    if technical_facts(scan):
        with st.expander("Technical facts"):
            rows = [{"Fact": name, "Value": value} for name, value in technical_facts(scan).items()]
            st.dataframe(rows, hide_index=True)


def technical_facts(scan: Scan) -> Mapping[str, str]:
    """By name, from a fixed list; nothing of the patient."""
    return scan.volume.tags if scan.volume is not None else {}


def is_simulated(scan: Scan) -> bool:
    return scan.outline is not None


def source_in_words(scan: Scan) -> str:
    """What stands above the slice: never a file's name."""
    if is_simulated(scan):
        return "Simulated lesion drawn into a template; no person's scan"
    if scan.truths:
        return cases.SOURCE
    if scan.volume is None:
        return PICTURE.capitalize()
    return f"{scan.volume.modality or 'Scan'} volume"
