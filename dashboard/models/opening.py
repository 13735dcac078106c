"""From a file of weights to the architecture that they fit, with all that was found out said in words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from xai_core.errors import ModelError
from xai_core.models.checkpoint.alternatives import Alternative, alternatives
from xai_core.models.checkpoint.architectures import index
from xai_core.models.checkpoint.card import card_for
from xai_core.models.checkpoint.fill import network_of
from xai_core.models.checkpoint.opening import choose
from xai_core.models.checkpoint.reading import Weights, read_weights
from xai_core.models.checkpoint.recognise import Proposal, recognise
from xai_core.models.device import pick_device
from xai_core.models.load import loaded
from xai_core.models.onnx.model import ONNX, SUFFIX, proposal_of
from xai_core.models.onnx.model import card_for as onnx_card
from xai_core.models.onnx.opening import OnnxModel, read_onnx
from xai_core.models.own_folder import SUFFIXES, list_folder, weights_file
from xai_core.types import LoadedModel

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


@dataclass(frozen=True, eq=False)
class Network:
    """A draft built as one architecture. others: what else would fit. model: with the makers' card."""

    draft: Draft
    proposal: Proposal
    model: LoadedModel
    others: tuple[Alternative, ...]

    @property
    def key(self) -> str:
        """For the keys of widgets: another file or architecture begins with its own values."""
        return f"{self.draft.number}_{self.proposal.architecture.key}"


def opened_draft() -> Draft | None:
    """The upload, and the file that was read last; None before the first."""
    turn = st.session_state.setdefault("weights_turn", 0)
    file = st.file_uploader(
        "A file of weights or an ONNX model",
        type=[*(suffix.removeprefix(".") for suffix in SUFFIXES), "pt2"],  # which is told what to do instead
        key=f"weights_{turn}",
        max_upload_size=MAX_MB,
        help="Up to 1 GB. It stays on this server and in this visit, and nothing in it is run.",
    )
    if file is not None:
        _take_in(file.name, file.getvalue())
        st.session_state["weights_turn"] += 1  # an empty uploader again: the bytes can go
        st.rerun()
    _from_folder()
    refused = st.session_state.get("weights_refused")
    if refused:
        st.error(refused, icon=":material/error:")
    return st.session_state.get("draft")


def _from_folder() -> None:
    """The folder's files that have no card yet, and what is wrong with the others."""
    listing = list_folder()
    for problem in listing.problems:
        st.warning(problem, icon=":material/warning:")
    if not listing.without_card:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Or one of the models folder that has no card yet", listing.without_card)
        if st.button("Open", icon=":material/folder_open:"):
            _take_in(name, weights_file(name).read_bytes())
            st.rerun()


def _take_in(name: str, data: bytes) -> None:
    """Read the bytes and keep the tensors, or the sentence that says why not."""
    st.session_state["weights_refused"] = None
    try:
        number, title = st.session_state.get("draft_number", 0) + 1, _plain(Path(name).stem)
        with st.spinner(f"Reading {max(len(data) / 1e6, 1):.0f} MB …", show_time=True):
            draft = (_of_graph if name.lower().endswith(SUFFIX) else _of_weights)(number, title, data)
    except ModelError as error:
        st.session_state["weights_refused"] = f"{_plain(name)}: {error}"
        return
    st.session_state.update(draft_number=number, network=None, draft=draft)


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
    st.session_state.update(draft=None, network=None, weights_refused=None)


def recognised(draft: Draft) -> Network | None:
    """The choice of architecture and the network built so; None until one is named. ModelError: it does not fit."""
    key = ONNX if draft.rebuilt else _architecture_control(draft)
    if key is None:
        return None
    kept: Network | None = st.session_state.get("network")
    if kept is None or kept.draft is not draft or kept.proposal.architecture.key != key:
        with st.spinner("Building the network …", show_time=True):
            kept = _built(draft, key)
        st.session_state["network"] = kept
    _say(kept)
    return kept


def _architecture_control(draft: Draft) -> str | None:
    fitting = [proposal.architecture.key for proposal in draft.proposals]
    if not fitting:
        st.warning(
            f"No architecture of torchvision or timm has exactly these {_count(draft)} weights. Name "
            "yours to see what does not fit, or wrap the network in Python: `xai_core.wrap_model`.",
            icon=":material/help:",
        )
    options = fitting or [entry.key for entry in index()]
    return st.selectbox(
        "Architecture",
        options,
        index=0 if fitting else None,
        key=f"architecture_{draft.number}",
        persist_state="session",
        placeholder="Name the architecture",
    )


def _count(draft: Draft) -> int:
    return len(draft.weights.tensors) if draft.weights else 0


def _built(draft: Draft, key: str) -> Network:
    if draft.weights is None:
        assert draft.rebuilt is not None
        card = onnx_card(draft.rebuilt, draft.title)
        return Network(draft, draft.proposals[0], loaded(card, draft.rebuilt.network, pick_device()), ())
    proposal = choose(draft.weights, key)
    network = network_of(proposal, draft.weights.tensors)
    card = card_for(proposal, draft.title)
    shape = (1, proposal.channels, *card.input_size)
    others = [other for other in draft.proposals if other.architecture.key != key]
    found = alternatives(network, shape, others, draft.weights.tensors)
    return Network(draft, proposal, loaded(card, network, pick_device()), found)


def _say(network: Network) -> None:
    proposal, draft = network.proposal, network.draft
    million = sum(tensor.numel() for tensor in network.model.module.state_dict().values()) / 1e6
    colours = {1: "grey pictures (1 channel)", 3: "colour pictures (3 channels)"}
    reads = colours.get(proposal.channels, f"{proposal.channels} channels")
    name = "ONNX" if draft.rebuilt else proposal.architecture.key
    checked = (
        f"Its answers equal onnxruntime's (difference {draft.rebuilt.difference:.0e} of the largest)."
        if draft.rebuilt
        else "Every tensor fits."
    )
    st.success(
        f"**{name}**, {proposal.classes} classes, reads {reads}, {million:.1f} million weights. {checked}",
        icon=":material/check_circle:",
    )
    notes = draft.rebuilt.notes if draft.rebuilt else draft.weights.notes if draft.weights else ()
    lines = [f":material/info: {note}" for note in notes]
    lines += [f":material/alt_route: {_in_words(other)}" for other in network.others]
    unseen = len(network.draft.proposals) - 1 - len(network.others)
    if unseen > 0:
        lines.append(
            f":material/alt_route: {unseen} more would fit by their names and shapes; the list above has them."
        )
    st.caption("  \n".join(lines))


def _in_words(other: Alternative) -> str:
    if other.same:
        return f"**{other.key}** fits too and gives the same answers: either will do."
    where = f"`{other.difference}`" if other.difference else "It differs in layers that have no weights."
    return f"**{other.key}** fits too but **answers otherwise**: choose the one that you trained. {where}"
