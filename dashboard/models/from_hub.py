"""A model of the HuggingFace hub by its name: its size is shown, and it is fetched only by a second click."""

import streamlit as st

from dashboard.core.configuration import read_only
from dashboard.core.plain_text import in_prose
from dashboard.core.session import StateKey, none
from xai_core.errors import ModelError
from xai_core.models.sources.huggingface.hub import HubModel, fetch, hub_address, look_up

_FOUND = StateKey[HubModel | None]("hub_model", none)


def fetched_from_hub() -> tuple[str, bytes] | None:
    """Draw the way to the hub; the name of a zip and its bytes in the run in which they came."""
    if hub_address() is None or read_only():
        return None
    with st.expander("Or a model of the HuggingFace hub, by its name"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.text_input(
                "Name on the hub",
                key="hub_name",
                placeholder="microsoft/resnet-18",
                max_chars=200,
                help="Nothing is fetched before you click. Only configuration and safetensors are read, never code.",
            )
            asked = st.button("Show its size", icon=":material/search:", disabled=not name)
        try:
            if asked:
                _FOUND.forget()
                with st.spinner("Asking the hub …", show_time=True):
                    _FOUND.set(look_up(name))
            return _offered()
        except ModelError as error:
            st.error(in_prose(str(error)), icon=":material/error:")
            return None


def _offered() -> tuple[str, bytes] | None:
    """What the hub said, with the button that fetches it."""
    found = _FOUND.get()
    if found is None:
        return None
    size = f"{max(found.size_bytes / 1e6, 0.1):,.1f} MB"
    licence = f" · licence: {in_prose(found.licence)}" if found.licence else ""
    st.markdown(f"**{in_prose(found.name)}** · {size}{licence}")
    if not st.button(f"Fetch {size}", icon=":material/download:", type="primary"):
        return None
    bar = st.progress(0.0, "Fetching …")

    def on_progress(done: int, total: int) -> None:
        bar.progress(min(done / max(total, 1), 1.0), "Fetching …")

    data = fetch(found, on_progress)
    _FOUND.forget()
    return f"{found.name.rpartition('/')[2]}.zip", data
