"""The open picture: the way to it, what the network says of it, and where it looked."""

from pathlib import Path

import streamlit as st

from dashboard.core import state
from dashboard.core.failures import foreign_refused
from dashboard.core.plain_text import as_code, in_prose, plainly
from dashboard.map import map_choice
from dashboard.map.map_descriptions import cell
from dashboard.map.map_view import prediction_in_words, title_of
from dashboard.map.table import Space
from dashboard.shared import cached, explanations
from dashboard.shared.components.choices import Choice, thumbnail_url
from dashboard.shared.dataset_choice import display_image_of
from dashboard.shared.drawing import Look, draw
from xai_core.errors import SightlineError
from xai_core.models.class_names import short_name
from xai_core.render.recipe import percent
from xai_core.types import FeatureTable, SourceImage

EXPLAIN = Path(__file__).resolve().parents[2] / "pages" / "explain.py"
SHOWN_STEPS = 4
MOST_LISTED = 8


def opened(space: Space) -> None:
    """The open picture, beside the map."""
    row = map_choice.current(space).open
    if row is None:
        return
    table = space.table
    _trail(space)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"#### {plainly(short_name(title_of(table, row)))}")
        st.button("Close", type="tertiary", on_click=map_choice.change, kwargs={"trail": ()})
    st.caption(_facts(table, row))
    _listed(space, row)
    try:
        with foreign_refused():
            image = space.request.dataset.load(int(table.items[row]))
            _where(space, row, image)
    except SightlineError as error:
        st.image(bytes(table.thumbnails[row]), width=128)
        st.caption(in_prose(str(error)))


def tile(table: FeatureTable, row: int) -> Choice:
    """A small picture that can be clicked; its id is the row."""
    hint = f"{table.names[row]} · predicted {prediction_in_words(table, row)}"
    return Choice(str(row), short_name(title_of(table, row)), image=thumbnail_url(table, row), hint=hint)


def _trail(space: Space) -> None:
    """The way here; a step leads back."""
    trail = map_choice.current(space).trail
    if len(trail) < 2:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for step in range(max(0, len(trail) - 1 - SHOWN_STEPS), len(trail) - 1):
            st.button(
                plainly(title_of(space.table, trail[step])[:16]),
                key=f"space_step_{step}",
                type="tertiary",
                icon=":material/chevron_left:",
                help=f"Back to {plainly(str(space.table.names[trail[step]]))}",
                on_click=map_choice.walk_back,
                args=(step,),
            )


def _facts(table: FeatureTable, row: int) -> str:
    if not table.classified:
        return as_code(str(table.names[row]))
    second = table.model_classes[table.runners_up[row]]
    then = f", then {second}, {percent(float(table.runner_up_probabilities[row]))}"
    loss = float(table.losses[row])
    cost = f" · loss {loss:.3g}" if loss == loss else ""
    return f"{as_code(str(table.names[row]))} · predicted **{prediction_in_words(table, row)}**{then}{cost}"


def _listed(space: Space, row: int) -> None:
    """What the pictures' list tells of it."""
    item = space.table.items[row]
    told = {name: cell(values[item]) for name, values in space.request.dataset.columns.items()}
    if told:
        shown = list(told.items())[:MOST_LISTED]
        st.caption(" · ".join(f"{plainly(name)} **{plainly(value) or '–'}**" for name, value in shown))


def _where(space: Space, row: int, image: SourceImage) -> None:
    model = space.request.model
    layers = cached.layers(model)
    layer = next(layer.name for layer in layers if layer.suggested)
    image_pass = cached.image_forward_pass(model, image, layers, None)
    result = explanations.grad_cam(image_pass, int(space.table.predictions[row]), layer)
    draw(image, result, layer, "for", Look("space_open", compact=True))
    if st.button("Explain this picture", key="space_explain", icon=":material/center_focus_strong:"):
        number = int(space.table.items[row])
        state.choose(image=display_image_of(space.request.source, space.request.dataset, number))
        state.choose(model=model.config.key)
        st.switch_page(EXPLAIN)
