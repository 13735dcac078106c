"""One picture as both models see it: Grad-CAM of each one's own answer, and the way to the Compare page."""

from pathlib import Path

import streamlit as st

from dashboard.core import state
from dashboard.core.failures import foreign_refused, in_words
from dashboard.core.plain_text import as_code, class_in_prose, in_prose
from dashboard.models.versus.model_answers import Joined
from dashboard.models.versus.versus_request import Pair
from dashboard.shared import cached, compare_panes, explanations
from dashboard.shared.compare_panes import Pane
from dashboard.shared.components.viewer import map_controls
from dashboard.shared.dataset_choice import display_image_of
from dashboard.shared.drawing import Look, draw
from xai_core.errors import SightlineError
from xai_core.render.recipe import percent
from xai_core.types import FeatureTable, LoadedModel, SourceImage

COMPARE = Path(__file__).resolve().parents[3] / "pages" / "compare.py"


def side_by_side(pair: Pair, joined: Joined, row: int) -> None:
    """Both maps of a row, drawn with one set of controls."""
    first = joined.tables[0]
    item = int(first.items[joined.rows[0][row]])
    with in_words():
        image = pair.dataset.load(item)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"{as_code(str(first.names[joined.rows[0][row]]))} · where each model looks for its own answer")
        if st.button("Open in Compare", key="versus_compare", icon=":material/compare_arrows:", help=_HELP):
            _compare(pair, item)
    parts = zip("ab", pair.models, joined.tables, joined.rows, st.columns(2, gap="medium"), strict=True)
    for side, model, table, rows, column in parts:
        with column:
            _map(side, model, image, table, int(rows[row]))
    map_controls("versus", key="versus_controls", link="versus")


_HELP = "With other classes, layers and methods, a difference map and figures of agreement."


def _map(side: str, model: LoadedModel, image: SourceImage, table: FeatureTable, row: int) -> None:
    predicted, probability = int(table.predictions[row]), float(table.probabilities[row])
    st.markdown(
        f"**{side.upper()} · {in_prose(model.config.title)}**: "
        f"{class_in_prose(table.model_classes[predicted])}, {percent(probability)}"
    )
    try:
        with foreign_refused():
            layers = cached.layers(model)
            layer = next(layer.name for layer in layers if layer.suggested)
            result = explanations.grad_cam(cached.image_forward_pass(model, image, layers, None), predicted, layer)
    except SightlineError as error:
        st.info(in_prose(str(error)), icon=":material/block:")
        return
    draw(image, result, layer, "for", Look(f"versus_{side}", link="versus", settings_of="versus", compact=True))


def _compare(pair: Pair, item: int) -> None:
    """To the Compare page: this picture, model A on the left and model B on the right, Grad-CAM in both panes."""
    state.choose(image=display_image_of(pair.source, pair.dataset, item))
    compare_panes.show(Pane("grad_cam"), Pane("grad_cam", model=pair.b.config.key))
    st.switch_page(COMPARE)
