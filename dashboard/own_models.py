"""The visitor's own models: kept for this visit only, few of them, and never shown to another visitor."""

from __future__ import annotations

import streamlit as st

from dashboard import cached, state
from xai_core.models.checkpoint.opening import OWN
from xai_core.models.own_folder import PREFIX
from xai_core.types import LoadedModel, ModelCard

MAX_OWN = 3
MAX_BYTES = 2 * 1024**3  # of their weights


def own() -> dict[str, LoadedModel]:
    """This visit's models by key, in the order in which they came."""
    return st.session_state.setdefault("own_models", {})


def add(model: LoadedModel) -> None:
    """Keep a model for this visit and choose it; beyond MAX_OWN or MAX_BYTES the oldest go."""
    kept = own()
    kept.pop(model.card.key, None)
    kept[model.card.key] = model
    while len(kept) > MAX_OWN or (len(kept) > 1 and sum(map(_size, kept.values())) > MAX_BYTES):
        kept.pop(next(iter(kept)))
    state.choose(model=model.card.key)


def _size(model: LoadedModel) -> int:
    return sum(tensor.nbytes for tensor in model.module.state_dict().values())


def forget(key: str) -> None:
    """Drop one of the visitor's models."""
    own().pop(key, None)
    if state.selection().model == key:
        state.choose(model=state.Selection().model)


def offered() -> dict[str, ModelCard]:
    """What this visitor can choose from, by key: the own models, the newest first, the folder's, then all others."""
    mine = {key: model.card for key, model in reversed(own().items())}
    folder = {key: card for key, card in cached.cards().items() if key.startswith(PREFIX)}
    return mine | folder | cached.cards()


def whose(card: ModelCard) -> str | None:
    """Where a model comes from that is no part of the dashboard; None for the dashboard's."""
    if card.key.startswith(OWN):
        return "yours"
    return "models folder" if card.key.startswith(PREFIX) else None


def unknown_in_words(key: str) -> str:
    """Why a link's model cannot be had."""
    if key.startswith(OWN):
        return "The link names a model that somebody opened in another visit; open its file on the Models page."
    return f"There is no model “{key[:80]}”; the bundled one is shown instead."
