"""What each choice that the weights leave open does to the answers for the current picture."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

import xai_core as xai
from dashboard.models.draft import Network
from dashboard.shared.cached import BY_CONTENT
from xai_core.models.answering import answered_anew, is_two
from xai_core.models.source import BuiltFile
from xai_core.render.recipe import measure, percent
from xai_core.types import LoadedModel, SourceImage


def effects(network: Network, model: LoadedModel, image: SourceImage) -> None:
    """One row a choice: the answer that it gives for this picture. Nothing where the file leaves nothing open."""
    built = network.built
    if (
        built.effect is None
        or model.config.answer.kind == "embedding"
        or all(one.sure or len(one.options) < 2 for one in built.untold)
    ):
        return
    with st.spinner("Trying each choice …", show_time=False):
        rows = _rows(model, image, built)
    answers = {(row["Answer"], row["Probability"]) for row in rows}
    st.markdown("**What each choice does to your picture**")
    st.dataframe(rows, hide_index=True, alt="The answer to the picture under each choice")
    st.caption(
        "For this picture all of them give the same answer; another picture may tell them apart."
        if len(answers) == 1
        else "The answer depends on it: a wrong choice gives wrong scores and maps. Try a picture whose class you know."
    )


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs=BY_CONTENT)
def _rows(model: LoadedModel, image: SourceImage, _built: BuiltFile) -> Sequence[dict[str, str]]:
    said, rows = dict(model.config.settled), []
    assert _built.effect is not None
    for one in _built.untold:
        for value, title in () if one.sure or len(one.options) < 2 else one.options.items():
            module = _built.effect(said | {one.name: value})
            other = replace(model, module=answered_anew(module, two=True) if is_two(model.module) else module)
            prediction = xai.predict(other, image)
            best, probable = prediction.top(1)[0], prediction.answer.probable
            use = "chosen" if said.get(one.name) == value else "assumed" if value == one.assumed else ""
            rows.append(
                {
                    "Left open": one.question,
                    "Choice": title,
                    "Answer": best.name if probable else measure(best.score, prediction.answer),
                    "Probability": percent(best.probability) if probable else "",
                    "In use": use if use == "chosen" or one.name not in said else "",
                }
            )
    return tuple(rows)
