"""Getting a model ready: at once where its weights are on disk, else after the visitor has agreed to the download."""

from collections.abc import Callable
from urllib.parse import urlsplit

import streamlit as st

from dashboard.core import state
from dashboard.core.configuration import read_only
from dashboard.core.failures import in_words
from dashboard.core.plain_text import in_prose
from dashboard.shared import cached, cautions, own_models
from xai_core.errors import ModelError
from xai_core.models.download import fetch, is_on_disk
from xai_core.types import Download, LoadedModel, ModelConfig


def ready_model(
    key: str,
    on_decline: Callable[[], None] | None = None,
    decline: str = "Use the bundled model",
    *,
    cautioned: bool = False,
) -> LoadedModel:
    """The loaded model; offers its download, and ends this run of the page, where the weights are missing.

    decline, on_decline: the button beside the download and what it does; by default it changes the shared choice.
    cautioned: whether its word of caution stands on the page already.
    """
    if key in own_models.own():
        model = own_models.own()[key]
        if not cautioned:
            cautions.of_model(model.config)
        return model
    with in_words():
        config = _config(key)
    if config.download is not None and not is_on_disk(config.download):
        _offer_download(config, config.download, on_decline or _use_bundled, decline)
    if not cautioned:
        cautions.of_model(config)
    with in_words(), st.spinner(f"Loading {in_prose(config.title)} …", show_time=True):
        return cached.model(key)


def _config(key: str) -> ModelConfig:
    try:
        return cached.configs()[key]
    except KeyError:
        raise ModelError(own_models.unknown_in_words(key)) from None


def _use_bundled() -> None:
    state.choose(model=state.Selection().model)


def _offer_download(config: ModelConfig, download: Download, on_decline: Callable[[], None], decline: str) -> None:
    megabytes = download.size_bytes / 1e6
    with st.container(border=True):
        st.markdown(f"#### {in_prose(config.title)} is not on this machine yet")
        if read_only():
            st.markdown("This server is read-only and downloads nothing; choose a model that it has.")
            st.button(decline, on_click=on_decline)
            st.stop()
        st.markdown(
            f"Its weights are a download of **{megabytes:.0f} MB** from {urlsplit(download.url).hostname}. "
            "Nothing of yours is sent. They are kept for the next time."
        )
        with st.container(horizontal=True):
            agreed = st.button(f"Download {megabytes:.0f} MB", type="primary", icon=":material/download:")
            st.button(decline, on_click=on_decline)
        if not agreed:
            st.stop()
        st.button("Cancel", key="cancel_download")  # any run that starts stops this one, and with it the download
        bar = st.progress(0.0, "Connecting …")

        def show(done: int, total: int) -> None:
            bar.progress(min(1.0, done / max(1, total)), f"{done / 1e6:.1f} of {total / 1e6:.0f} MB")

        with in_words():
            fetch(download, on_progress=show)
    st.rerun()
