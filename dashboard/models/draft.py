"""The file that a visitor has opened, an upload or one of the models folder, and the architecture that it fits."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from dashboard.core import session
from dashboard.core.plain_text import as_code, in_prose
from dashboard.core.session import StateKey, none
from dashboard.models.from_hub import fetched_from_hub
from dashboard.models.ways_out import every_way, ways_out
from xai_core.errors import ModelError
from xai_core.models.answering import is_two
from xai_core.models.catalog import file_kinds, source_of_file
from xai_core.models.class_names import as_prose
from xai_core.models.source import Alternative, BuiltFile, ModelFile
from xai_core.models.sources.export_roads import Road, roads_for
from xai_core.models.sources.own_folder import list_folder, weights_file
from xai_core.types import ModelConfig

MAX_MB = 1024  # VGG-16, the largest of the usual ones, has 528


@dataclass(frozen=True, eq=False)
class Draft:
    """A file that was opened in this visit and is no model yet. number: of the file in this visit.

    keys: what the keys of models from such files begin with. suffix: the file's own, for keeping it as it is.
    """

    number: int
    title: str
    keys: str
    suffix: str
    file: ModelFile


@dataclass(frozen=True, eq=False)
class Network:
    """A draft built as one architecture."""

    draft: Draft
    built: BuiltFile

    @property
    def key(self) -> str:
        """For the keys of widgets: another file, architecture or output begins with its own values."""
        return f"{self.draft.number}_{self.built.architecture}{self.built.model.config.answer.output}"

    @property
    def classes(self) -> int:
        """How many numbers the network answers with: a yes or no is a single one, whatever its two names."""
        return 1 if is_two(self.built.model.module) else len(self.built.model.config.class_names)

    @property
    def channels(self) -> int:
        return len(self.built.model.config.mean)


_DRAFT = StateKey[Draft | None]("draft", none, ends="opened file")
_NETWORK = StateKey[Network | None]("network", none, ends="opened file")
_REFUSED = StateKey("weights_refused", str, ends="opened file")
_ROADS = StateKey[tuple[Road, ...]]("weights_refused_roads", tuple, ends="opened file")
_SAID = StateKey[dict[str, dict[str, str]]]("settled_by_card", dict, ends="opened file")  # by the network's key
_SAID_TURN = StateKey("settled_turn", int)
_NUMBER = StateKey("draft_number", int)
_TURN = StateKey("weights_turn", int)


def opened_draft() -> Draft | None:
    """The upload, and the file that was read last; None before the first."""
    suffixes = (suffix for kind in file_kinds() for suffix in (*kind.suffixes, *kind.refused))
    file = st.file_uploader(
        "A file of weights, or of a whole model",
        type=[suffix.removeprefix(".") for suffix in suffixes],
        key=f"weights_{_TURN.get()}",
        max_upload_size=MAX_MB,
        help="Up to 1 GB. It stays on this server and in this visit, and nothing in it is run.",
    )
    if file is not None:
        _take_in(file.name, file.getvalue())
        _TURN.set(_TURN.get() + 1)  # an empty uploader again: the bytes can go
        st.rerun()
    _from_folder()
    if (fetched := fetched_from_hub()) is not None:
        _take_in(*fetched)
        st.rerun()
    if refused := _REFUSED.get():
        st.error(in_prose(refused), icon=":material/error:")
        ways_out(_ROADS.get())
    every_way()
    return _DRAFT.get()


def _from_folder() -> None:
    """The folder's files that have no card yet, and what is wrong with the others."""
    listing = list_folder(file_kinds())
    for problem in listing.problems:
        st.warning(in_prose(problem), icon=":material/warning:")
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
    number, title = _NUMBER.get() + 1, _plain(Path(name).stem)
    source = source_of_file(name)
    assert source.opens is not None
    try:
        with st.spinner(f"Reading {max(len(data) / 1e6, 1):.0f} MB …", show_time=True):
            draft = Draft(number, title, source.keys, Path(name).suffix.lower(), source.opens.read(data, title))
    except ModelError as error:
        _REFUSED.set(f"{_plain(name)}: {error}")
        _ROADS.set(roads_for(name, data))
        return
    forget_draft()
    _NUMBER.set(number)
    _DRAFT.set(draft)


def _plain(name: str) -> str:
    """A file's name as a title: short, and nothing in it that would be drawn as anything but text."""
    return as_prose(name)[:80].strip() or "Your model"


def forget_draft() -> None:
    """Free the tensors of the opened file."""
    session.end("opened file")


def recognised(draft: Draft) -> Network | None:
    """The choice of architecture and the network built so; None until one is named. ModelError: it does not fit."""
    key = _architecture_control(draft) if draft.file.every() else draft.file.fitting[0]
    if key is None:
        return None
    kept = _NETWORK.get()
    if kept is None or kept.draft is not draft or kept.built.architecture != key:
        with st.spinner("Building the network …", show_time=True):
            kept = Network(draft, draft.file.build(key))
    said = _settled_controls(kept)
    now = dict(kept.built.model.config.settled)
    if kept.built.settled is not None and said != {
        one.name: now[one.name] for one in kept.built.untold if one.name in now
    }:
        kept = Network(draft, kept.built.settled(said))
    _NETWORK.set(kept)
    _say(kept)
    return kept


def settle_by_card(network: Network, config: ModelConfig) -> None:
    """Begin the choices of what weights do not tell anew, with what a card says."""
    _SAID.get()[network.key] = dict(config.settled)
    _SAID_TURN.set(_SAID_TURN.get() + 1)


def _settled_controls(network: Network) -> dict[str, str]:
    """One choice for all that the file does not tell; {name: value} of those that its owner has made."""
    said: dict[str, str] = {}
    before = _SAID.get().get(network.key, {})
    for one in network.built.untold:
        names, first = list(one.options), before.get(one.name, one.assumed if one.sure else None)
        chosen = st.selectbox(
            one.question,
            names,
            index=names.index(first) if first in names else None,
            format_func=one.options.__getitem__,
            placeholder=f"Say it; “{one.options[one.assumed]}” is assumed",
            key=f"settled_{network.key}_{one.name}_{_SAID_TURN.get()}",
            persist_state="session",
            help=one.reason if one.sure else f"{one.reason} The code of the training says it.",
        )
        if chosen is not None:
            said[one.name] = chosen
    return said


def _architecture_control(draft: Draft) -> str | None:
    file = draft.file
    if not file.fitting:
        st.warning(in_prose(file.unknown), icon=":material/help:")
        ways_out(roads_for("", b""))
    chosen: str | None = st.selectbox(
        "Architecture",
        file.fitting or file.every(),
        index=0 if file.fitting else None,
        key=f"architecture_{draft.number}",
        persist_state="session",
        placeholder="Name the architecture",
    )
    return chosen


def _say(network: Network) -> None:
    built, file = network.built, network.draft.file
    weights = sum(tensor.numel() for tensor in built.model.module.state_dict().values())
    colours = {1: "grey pictures (1 channel)", 3: "colour pictures (3 channels)"}
    reads = colours.get(network.channels, f"{network.channels} channels")
    told = f"**{built.title}**, {_classes(network.classes)}, reads {reads}, {_amount(weights)} weights. {built.check}"
    said = dict(built.model.config.settled)
    assumed = " ".join(in_prose(one.reason) for one in built.untold if not one.sure and one.name not in said)
    if assumed:
        st.warning(f"{told} {assumed} Say above what your training had.", icon=":material/help:")
    elif any(not other.same and other.evidence != "against" for other in built.others):
        st.warning(f"{told} Another one fits as well and answers otherwise: see below.", icon=":material/help:")
    else:
        st.success(told, icon=":material/check_circle:")
    lines = [f":material/info: {in_prose(note)}" for note in file.notes]
    lines += [f":material/alt_route: {_in_words(other)}" for other in built.others]
    unseen = len(file.fitting) - 1 - len(built.others)
    if unseen > 0:
        lines.append(
            f":material/alt_route: {unseen} more would fit by their names and shapes; the list above has them."
        )
    st.caption("  \n".join(lines))


def _classes(count: int) -> str:
    return f"{count} classes" if count > 1 else "a single number"


def _amount(count: int) -> str:
    return f"{count / 1e6:.1f} million" if count >= 1e5 else f"{count:,}"


def _in_words(other: Alternative) -> str:
    if other.same:
        return f"**{other.key}** fits too and gives the same answers: either will do."
    where = as_code(other.difference) if other.difference else "It differs in layers that have no weights."
    if other.evidence == "against":
        return f"**{other.key}** fits too but answers otherwise; the weights' own batch norms speak against it. {where}"
    hint = " The weights' own batch norms speak for it." if other.evidence == "for" else ""
    return f"**{other.key}** fits too but **answers otherwise**: choose the one that you trained.{hint} {where}"
