"""Which pictures, in the space of which network and layer: the choices that come before any map."""

from dataclasses import dataclass

import streamlit as st

from dashboard.core import state
from dashboard.core.failures import foreign_refused
from dashboard.core.plain_text import in_prose
from dashboard.core.session import StateKey, WidgetKey
from dashboard.shared import cached, controls, own_models
from dashboard.shared.dataset_choice import given, offered_sources
from dashboard.shared.model_loading import ready_model
from dashboard.shared.one_of import one_of
from xai_core.datasets import Dataset, bundled_names, catalog, find_source
from xai_core.errors import SightlineError
from xai_core.types import LoadedModel, SourceImage

FIRST = "digits"  # a map of them stands within seconds
PARTS = {"map": "Map", "suspects": "Suspects"}
PART = WidgetKey("space_part", "map")
_DATA = WidgetKey("space_data", "")
_MODEL = WidgetKey("space_model", "")
_MODELS = StateKey[dict[str, str]]("space_models", dict)  # the network that was chosen for each source


@dataclass(frozen=True, eq=False)
class MapRequest:
    """layer: None for what the classifier reads. image: the current one of the side bar. source: where the data is
    from, a key of `datasets.catalog`."""

    model: LoadedModel
    dataset: Dataset
    layer: str | None
    image: SourceImage
    source: str

    @property
    def key(self) -> str:
        """Names the vectors."""
        return f"{cached.identity(self.model)}|{self.layer}|{self.dataset.digest}"


def ask() -> tuple[MapRequest | None, str]:
    """Draw the choices; None while no pictures are given, and which part of the page is wanted.

    A network that must be fetched ends this run of the page.
    """
    with st.sidebar:
        image = controls.image_control()
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        source = _source()
        part = one_of("Show", PARTS, "map", PART.name)
    return _resolved(image, source), part


def _resolved(image: SourceImage, source: str) -> MapRequest | None:
    with st.sidebar:
        key = _model_control(source)
    model = ready_model(key, on_decline=lambda: _choose_model(source, state.Selection().model))
    with st.sidebar:
        layer = _layer_control(model)
    try:
        with foreign_refused():
            dataset = given(source)
    except SightlineError as error:
        st.error(in_prose(str(error)), icon=":material/error:")
        return None
    if dataset is None:
        if find_source(source).wanted:
            st.info(find_source(source).wanted, icon=":material/add_photo_alternate:")
        return None
    return MapRequest(model, dataset, layer, image, source)


def write_link() -> None:
    """The choices in the browser's address; never a folder, nor anything of an upload."""
    own = {"data": _DATA.get(), "space": _MODEL.get()}
    state.write_link(state.link_parts() | {name: value for name, value in own.items() if value != FIRST})


def _source() -> str:
    kept = _DATA.get()
    if not kept:
        link = st.query_params.get("data", "")
        kept = link if link in bundled_names() else FIRST
    _DATA.set(kept)
    st.segmented_control(
        "Pictures on the map",
        sorted(offered_sources(kept), key=lambda key: key != FIRST),
        format_func=lambda key: find_source(key).title,
        key=_DATA.name,
        persist_state="session",
        required=True,
    )
    return _DATA.get()


def _model_control(source: str) -> str:
    """The network of the map: made for the pictures, else the one chosen on the other pages, until changed here."""
    offered = own_models.offered()
    chosen = _MODELS.get()
    link = st.query_params.get("space", "") if not _MODEL.is_set() else ""
    if link in offered:
        chosen.update({source.key: link for source in catalog.SOURCES})  # it stays, whichever pictures come next
    wanted = chosen.get(source) or find_source(source).model or state.selection().model
    wanted = wanted if wanted in offered else state.Selection().model
    _MODEL.set(wanted)
    st.selectbox(
        "Model",
        list(offered),
        format_func=lambda key: offered[key].title,
        key=_MODEL.name,
        on_change=lambda: _choose_model(source, _MODEL.get()),
        help="The map shows how this model sees the pictures.",
    )
    return wanted


def _choose_model(source: str, key: str) -> None:
    _MODELS.get()[source] = key


def _layer_control(model: LoadedModel) -> str | None:
    layers = {layer.name: layer for layer in cached.layers(model) if layer.main}
    kept: str = st.selectbox(
        "Layer",
        ["", *layers],
        format_func=lambda name: controls.layer_title(layers[name]) if name else "Last (the classifier's input)",
        key=f"space_layer_{model.config.key}",
        persist_state="session",
        help="A picture's place is what this layer gives for it; feature maps are averaged over their places.",
    )
    return kept or None
