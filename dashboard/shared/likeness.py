"""For a network that gives an embedding: the second picture, so that there is something to explain."""

import streamlit as st

import xai_core as xai
from dashboard.core.failures import in_words
from dashboard.core.session import StateKey
from dashboard.shared import cached
from dashboard.shared.controls import image_of, image_titles
from xai_core.types import LoadedModel, SourceImage

_REFERENCE = StateKey("likeness_reference", str)


def reference_control(image: SourceImage) -> None:
    """Which picture the network's answer is compared with, and that picture."""
    titles = image_titles()
    chosen = st.selectbox(
        "How like this picture",
        list(titles),
        index=list(titles).index(_reference(image)),
        format_func=titles.__getitem__,
        help="The network gives an embedding. What is explained is the cosine of both pictures' embeddings.",
    )
    _REFERENCE.set(chosen)
    st.image(cached.thumb(image_of(chosen)), width=120, alt=titles[chosen])


def compared(model: LoadedModel, image: SourceImage) -> LoadedModel:
    """A model that gives an embedding, with the second picture; any other as it is."""
    if model.config.answer.kind != "embedding":
        return model
    with in_words():
        return _similar(model, image_of(_reference(image)))


def _reference(image: SourceImage) -> str:
    """What was chosen; at first, and where it is gone, the first picture that is another one."""
    titles, chosen = image_titles(), _REFERENCE.get()
    others = [key for key in titles if image_of(key).digest != image.digest]
    return chosen if chosen in titles else next(iter(others), next(iter(titles)))


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=cached.BY_CONTENT)
def _similar(model: LoadedModel, reference: SourceImage) -> LoadedModel:
    return xai.similar_to(model, [reference])
