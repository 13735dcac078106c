"""The file that a visitor has opened: an upload, or one of the models folder, read into tensors or a graph."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from dashboard.core import session
from dashboard.core.session import StateKey, none
from xai_core.errors import ModelError
from xai_core.models.sources.checkpoint.reading import Weights, read_weights
from xai_core.models.sources.checkpoint.recognise import Proposal, recognise
from xai_core.models.sources.onnx.model import SUFFIX, proposal_of
from xai_core.models.sources.onnx.opening import OnnxModel, read_onnx
from xai_core.models.sources.own_folder import SUFFIXES, list_folder, weights_file

MAX_MB = 1024  # VGG-16, the largest of the usual ones, has 528


@dataclass(frozen=True, eq=False)
class Draft:
    """A file that was opened in this visit and is no model yet. number: of the file in this visit.

    Of a file of weights: weights and the architectures that they fit. Of an ONNX file: the network and the file itself.
    """

    number: int
    title: str
    weights: Weights | None
    proposals: tuple[Proposal, ...]
    rebuilt: OnnxModel | None = None
    file: bytes | None = None


_DRAFT = StateKey[Draft | None]("draft", none, ends="opened file")
_NUMBER = StateKey("draft_number", int)
_REFUSED = StateKey("weights_refused", str, ends="opened file")
_TURN = StateKey("weights_turn", int)


def opened_draft() -> Draft | None:
    """The upload, and the file that was read last; None before the first."""
    file = st.file_uploader(
        "A file of weights or an ONNX model",
        type=[*(suffix.removeprefix(".") for suffix in SUFFIXES), "pt2"],  # which is told what to do instead
        key=f"weights_{_TURN.get()}",
        max_upload_size=MAX_MB,
        help="Up to 1 GB. It stays on this server and in this visit, and nothing in it is run.",
    )
    if file is not None:
        _take_in(file.name, file.getvalue())
        _TURN.set(_TURN.get() + 1)  # an empty uploader again: the bytes can go
        st.rerun()
    _from_folder()
    if refused := _REFUSED.get():
        st.error(refused, icon=":material/error:")
    return _DRAFT.get()


def _from_folder() -> None:
    """The folder's files that have no card yet, and what is wrong with the others."""
    listing = list_folder()
    for problem in listing.problems:
        st.warning(problem, icon=":material/warning:")
    if not listing.without_config:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Or one of the models folder that has no card yet", listing.without_config)
        if st.button("Open", icon=":material/folder_open:"):
            _take_in(name, weights_file(name).read_bytes())
            st.rerun()


def _take_in(name: str, data: bytes) -> None:
    """Read the bytes and keep the tensors, or the sentence that says why not."""
    _REFUSED.forget()
    try:
        number, title = _NUMBER.get() + 1, _plain(Path(name).stem)
        with st.spinner(f"Reading {max(len(data) / 1e6, 1):.0f} MB …", show_time=True):
            draft = (_of_graph if name.lower().endswith(SUFFIX) else _of_weights)(number, title, data)
    except ModelError as error:
        _REFUSED.set(f"{_plain(name)}: {error}")
        return
    forget_draft()
    _NUMBER.set(number)
    _DRAFT.set(draft)


def _of_weights(number: int, title: str, data: bytes) -> Draft:
    weights = read_weights(data)
    return Draft(number, title, weights, recognise(weights.tensors))


def _of_graph(number: int, title: str, data: bytes) -> Draft:
    rebuilt = read_onnx(data)
    return Draft(number, title, None, (proposal_of(rebuilt),), rebuilt, data)


def _plain(name: str) -> str:
    """A file's name as a title: short, and nothing in it that would be drawn as anything but text."""
    return "".join(c for c in name if c.isprintable() and c not in "[]<>`*$\\")[:80].strip() or "Your model"


def forget_draft() -> None:
    """Free the tensors of the opened file."""
    session.end("opened file")
