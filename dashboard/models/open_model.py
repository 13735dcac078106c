"""The parts of the Models page: open a file, describe it, use it; and the models that this visit has."""

import streamlit as st

from dashboard.core import state
from dashboard.core.failures import foreign_refused
from dashboard.core.plain_text import in_prose
from dashboard.core.session import StateKey, none
from dashboard.models import model_cache as models_cached
from dashboard.models.config_form import config_form
from dashboard.models.config_preview import normalisation_check, preview
from dashboard.models.draft import Draft, forget_draft, opened_draft, recognised
from dashboard.models.untold_effect import effects
from dashboard.shared import cached, own_models
from dashboard.shared.local_folder import is_local
from xai_core.errors import SightlineError
from xai_core.models.catalog import file_kinds, list_again
from xai_core.models.sources.config_file import carded, write_config
from xai_core.models.sources.own_folder import WEIGHTS, models_folder, save_to_folder
from xai_core.types import LoadedModel, SourceImage

_SAVED = StateKey[tuple[bool, str] | None]("saved_model", none)  # whether it went well, and what to say
_USED = StateKey[tuple[int, str] | None]("used_draft", none)  # the draft's number, and the model that it became


def open_own(image: SourceImage) -> None:
    """From the file to the model in use. What goes wrong here is said here; the rest of the page stays."""
    st.subheader("Open your own", anchor=False)
    st.markdown(" ".join(kind.about for kind in file_kinds()))
    try:
        with foreign_refused():
            draft = opened_draft()
            if draft is not None:
                _describe(draft, image)
    except SightlineError as error:
        st.error(in_prose(str(error)), icon=":material/error:")
    _own_list()


def _describe(draft: Draft, image: SourceImage) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"#### {in_prose(draft.title)}", width="stretch")
            st.button("Close this file", on_click=forget_draft, type="tertiary", icon=":material/close:")
        network = recognised(draft)
        if network is None:
            return
        config = config_form(network)
        model = carded(network.built.model, config, draft.keys)
        models_cached.runs(model)
        _take_along(draft, model)
        preview(model, image)
        effects(network, model, image)
        normalisation_check(model)


def _take_along(draft: Draft, model: LoadedModel) -> None:
    in_use = state.selection().model == model.config.key
    with st.container(horizontal=True, vertical_alignment="center"):
        # A callback would get the model of the last run, without an entry that the click itself has just ended.
        if st.button(
            "In use on every page" if in_use else "Use this model",
            type="primary",
            icon=":material/check:",
            disabled=in_use,
            help="Chooses it on every page, in this visit and for you alone.",
        ):
            _use(draft, model)
            st.rerun()
        st.download_button(
            "Download card",
            write_config(model.config),
            f"{model.config.title}.yaml",
            "application/yaml",
            icon=":material/description:",
            on_click="ignore",
            help="A small YAML file to keep beside the weights.",
        )
        if (
            models_folder() is not None
            and is_local()
            and st.button(
                "Save to models folder",
                icon=":material/save:",
                disabled=bool(model.config.caution),
                help="Say first what the weights do not tell." if model.config.caution else None,
            )
        ):
            _save(draft, model)
            st.rerun()
    saved = _SAVED.take()
    if saved is not None:
        (st.success if saved[0] else st.error)(in_prose(saved[1]))


def _use(draft: Draft, model: LoadedModel) -> None:
    """Take the model into the visitor's own; another card for the same file takes the place of the one before."""
    before = _USED.get()
    if before is not None and before[0] == draft.number:
        own_models.own().pop(before[1], None)
    try:
        with foreign_refused():
            own_models.add(model)
    except SightlineError as error:
        _SAVED.set((False, str(error)))
        return
    _USED.set((draft.number, model.config.key))


def _save(draft: Draft, model: LoadedModel) -> None:
    try:
        with foreign_refused():
            name = save_to_folder(model, draft.file.original, draft.suffix if draft.file.original else WEIGHTS)
    except SightlineError as error:
        _SAVED.set((False, str(error)))
        return
    list_again()
    cached.configs.clear()
    _SAVED.set((True, f"Saved as {name}. It is offered to all who use this server."))


def _own_list() -> None:
    """This visit's own models, each with a way to drop it."""
    if own_models.own():
        st.markdown("**Your models in this visit**")
    for key, model in reversed(own_models.own().items()):
        with st.container(horizontal=True, vertical_alignment="center"):
            mark = " · in use" if state.selection().model == key else ""
            st.markdown(f"**{in_prose(model.config.title)}**{mark}", width="stretch")
            st.button("Use", key=f"use_{key}", on_click=state.choose, kwargs={"model": key}, disabled=bool(mark))
            st.button("Remove", key=f"forget_{key}", on_click=own_models.forget, args=(key,), icon=":material/delete:")
