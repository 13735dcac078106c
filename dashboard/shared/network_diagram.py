"""The network from the picture to its last layer: which layers there are, how fine they are and how far they see."""

import streamlit as st

from dashboard.core import state
from dashboard.shared import cached
from dashboard.shared.components.stages import Stage, stages
from dashboard.shared.page_context import PageContext
from xai_core.types import LayerInfo, ReceptiveField

MOST_TILES = 12


def network(context: PageContext) -> None:
    """The diagram: a tile a stage, on which a click chooses the layer."""
    shown = listed(context.layers, context.layer)
    fields = cached.fields(context.model, context.layers)
    stages(
        [_stage(layer, fields[layer.name]) for layer in shown],
        cached.seen_thumb(context.image_pass),
        selected=context.layer,
        key="unit_stages",
        on_choose=lambda name: state.choose(layer=name),
    )
    st.caption(
        "From left to right, later layers have a coarser grid and see more. Each tile lights up what **one** unit in "
        "the middle can see: its receptive field. Every other convolution is in the side bar, under *List all "
        "convolutions*."
    )


def listed(layers: tuple[LayerInfo, ...], chosen: str) -> tuple[LayerInfo, ...]:
    """The short list, or the ends of the stages where that is long, with the chosen layer, in forward order."""
    short = [layer for layer in layers if layer.main]
    short = short if len(short) <= MOST_TILES else [layer for layer in short if layer.stage_end or layer.suggested]
    names = {layer.name for layer in short} | {chosen}
    return tuple(layer for layer in layers if layer.name in names)


def neighbours(layers: tuple[LayerInfo, ...], chosen: str) -> tuple[str | None, str | None]:
    """The names of the layers before and after the chosen one in the diagram."""
    names = [None, *(layer.name for layer in listed(layers, chosen)), None]
    at = names.index(chosen)
    return names[at - 1], names[at + 1]


def field_in_words(field: ReceptiveField | str) -> str:
    if isinstance(field, str):
        return "field unknown"
    if field.whole:
        return "sees everything"
    rows, columns = (round(side) for side in field.size)
    return f"sees {rows} px" if rows == columns else f"sees {rows} × {columns} px"


def _stage(layer: LayerInfo, field: ReceptiveField | str) -> Stage:
    rows, columns = layer.grid
    sees = (0.0, 0.0, 1.0, 1.0)
    if not isinstance(field, str):
        height, width = field.input_size
        box = field.box((rows // 2, columns // 2))
        sees = (box.left / width, box.top / height, box.right / width, box.bottom / height)
    return Stage(layer.name, layer.grid, layer.channels, sees, field_in_words(field))
