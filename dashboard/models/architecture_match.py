"""From a file that was opened to the architecture that it fits, with all that was found out said in words."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from dashboard.core.session import StateKey, none
from dashboard.models.draft import Draft
from xai_core.models.device import pick_device
from xai_core.models.load import loaded
from xai_core.models.sources.checkpoint.alternatives import Alternative, alternatives
from xai_core.models.sources.checkpoint.architectures import index
from xai_core.models.sources.checkpoint.config import config_for
from xai_core.models.sources.checkpoint.fill import network_of
from xai_core.models.sources.checkpoint.opening import choose
from xai_core.models.sources.checkpoint.recognise import Proposal
from xai_core.models.sources.onnx.model import ONNX
from xai_core.models.sources.onnx.model import config_for as onnx_config
from xai_core.types import LoadedModel


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


_NETWORK = StateKey[Network | None]("network", none, ends="opened file")


def recognised(draft: Draft) -> Network | None:
    """The choice of architecture and the network built so; None until one is named. ModelError: it does not fit."""
    key = ONNX if draft.rebuilt else _architecture_control(draft)
    if key is None:
        return None
    kept = _NETWORK.get()
    if kept is None or kept.draft is not draft or kept.proposal.architecture.key != key:
        with st.spinner("Building the network …", show_time=True):
            kept = _built(draft, key)
        _NETWORK.set(kept)
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
        config = onnx_config(draft.rebuilt, draft.title)
        return Network(draft, draft.proposals[0], loaded(config, draft.rebuilt.network, pick_device()), ())
    proposal = choose(draft.weights, key)
    network = network_of(proposal, draft.weights.tensors)
    config = config_for(proposal, draft.title)
    shape = (1, proposal.channels, *config.input_size)
    others = [other for other in draft.proposals if other.architecture.key != key]
    found = alternatives(network, shape, others, draft.weights.tensors)
    return Network(draft, proposal, loaded(config, network, pick_device()), found)


def _say(network: Network) -> None:
    proposal, draft = network.proposal, network.draft
    weights = sum(tensor.numel() for tensor in network.model.module.state_dict().values())
    colours = {1: "grey pictures (1 channel)", 3: "colour pictures (3 channels)"}
    reads = colours.get(proposal.channels, f"{proposal.channels} channels")
    name = "ONNX" if draft.rebuilt else proposal.architecture.key
    checked = (
        f"Its answers equal onnxruntime's, to {draft.rebuilt.difference:.0e} of the largest."
        if draft.rebuilt
        else "Every tensor fits."
    )
    st.success(
        f"**{name}**, {proposal.classes} classes, reads {reads}, {_amount(weights)} weights. {checked}",
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


def _amount(count: int) -> str:
    return f"{count / 1e6:.1f} million" if count >= 1e5 else f"{count:,}"


def _in_words(other: Alternative) -> str:
    if other.same:
        return f"**{other.key}** fits too and gives the same answers: either will do."
    where = f"`{other.difference}`" if other.difference else "It differs in layers that have no weights."
    return f"**{other.key}** fits too but **answers otherwise**: choose the one that you trained. {where}"
