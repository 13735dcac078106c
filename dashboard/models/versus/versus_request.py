"""Which two models, and which pictures."""

from dataclasses import dataclass

import streamlit as st

from dashboard.core import state
from dashboard.core.failures import in_words
from dashboard.core.session import WidgetKey
from dashboard.shared import controls, dataset_choice, own_models
from dashboard.shared.model_loading import ready_model
from xai_core.datasets import Dataset
from xai_core.types import LoadedModel

_SECOND = WidgetKey[str | None]("versus_model", None)


@dataclass(frozen=True, eq=False)
class Pair:
    """Two models and the pictures that both look at. source: where these are from, a key of `datasets.catalog`."""

    a: LoadedModel
    b: LoadedModel
    dataset: Dataset
    source: str

    @property
    def models(self) -> tuple[LoadedModel, LoadedModel]:
        return self.a, self.b


def ask() -> Pair | None:
    """Draw the choices, the models where every page has its model; None until all are made.

    A model that must be fetched ends this run of the page.
    """
    with st.sidebar:
        controls.model_control("Model A")
        state.write_link()
        first = state.selection().model
        second = _second(first)
    with in_words():
        dataset = dataset_choice.data_control("Pictures to compare on")
    a = ready_model(first)
    if second is None:
        st.info(
            "Choose model B in the side bar. A model of your own is there once you have opened its file.",
            icon=":material/compare:",
        )
        return None
    b = ready_model(second, lambda: _SECOND.set(None), "Choose another")
    if dataset is None:
        return None
    return Pair(a, b, dataset, dataset_choice.chosen())


def _second(first: str) -> str | None:
    """The choice of model B, which is not model A."""
    configs = {key: config for key, config in own_models.offered().items() if key != first}
    if _SECOND.get() not in configs:
        _SECOND.set(None)
    chosen: str | None = st.selectbox(
        "Model B",
        list(configs),
        index=None,
        format_func=lambda key: controls.model_title(configs[key]),
        key=_SECOND.name,
        persist_state="session",
        placeholder="Choose a model",
    )
    return chosen
