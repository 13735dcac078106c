"""The visitor's own models: kept for this visit only, few of them, and never shown to another visitor."""

from threading import Lock
from weakref import WeakSet

import streamlit as st

from dashboard.core import state
from dashboard.core.configuration import MB, memory
from dashboard.core.memory_size import bytes_of
from dashboard.core.plain_text import in_prose
from dashboard.core.session import StateKey
from dashboard.shared import cached
from xai_core.errors import ModelError
from xai_core.models.catalog import source_of
from xai_core.models.source import Whose
from xai_core.types import LoadedModel, ModelConfig

MAX_OWN = 3
MAX_BYTES = 2 * 1024**3  # of their weights
_OWN = StateKey[dict[str, LoadedModel]]("own_models", dict)


def own() -> dict[str, LoadedModel]:
    """This visit's models by key, in the order in which they came."""
    return _OWN.get()


def add(model: LoadedModel) -> None:
    """Keep a model for this visit and choose it; beyond MAX_OWN or MAX_BYTES the oldest go.

    ModelError: all visitors' own models together would exceed the server's budget.
    """
    kept = own()
    kept.pop(model.config.key, None)
    while len(kept) >= MAX_OWN or (kept and sum(map(_size, (*kept.values(), model))) > MAX_BYTES):
        kept.pop(next(iter(kept)))
    _take_room(model)
    kept[model.config.key] = model
    state.choose(model=model.config.key)


def _take_room(model: LoadedModel) -> None:
    """Count the model among those of all visits; it counts until nobody holds it any more."""
    models, lock = _all()
    with lock:
        used = sum(_size(other) for other in models if other is not model)
        if used and used + _size(model) > memory("OWN_MODEL"):
            raise ModelError(
                f"The server holds {used / MB:,.0f} MB of its visitors' own models and has no room for "
                f"{_size(model) / MB:,.0f} MB more; try again when another visitor has left."
            )
        models.add(model)


@st.cache_resource(max_entries=1, show_spinner=False)
def _all() -> tuple[WeakSet[LoadedModel], Lock]:
    return WeakSet(), Lock()


def _size(model: LoadedModel) -> int:
    return bytes_of(model.module)


def forget(key: str) -> None:
    """Drop one of the visitor's models."""
    own().pop(key, None)
    if state.selection().model == key:
        state.choose(model=state.Selection().model)


def offered() -> dict[str, ModelConfig]:
    """What this visitor can choose from, by key: the own models, the newest first, the folder's, then all others."""
    mine = {key: model.config for key, model in reversed(own().items())}
    folder = {key: config for key, config in cached.configs().items() if whose(config) == "models folder"}
    return mine | folder | cached.configs()


def whose(config: ModelConfig) -> Whose:
    """Whether a model is part of the dashboard, of the models folder, or the visitor's."""
    source = source_of(config.key)
    return source.whose if source else "bundled"


def unknown_in_words(key: str) -> str:
    """Why a link's model cannot be had."""
    source = source_of(key)
    if source is not None and source.missing:
        return source.missing
    return f"There is no model “{in_prose(key[:80])}”; the bundled one is shown instead."
