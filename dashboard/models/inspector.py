"""What there is in a network: its stages, its layers as a table, and which methods apply to it."""

import streamlit as st

from dashboard.core.plain_text import in_prose
from dashboard.shared import cached, network_diagram
from dashboard.shared.controls import ALL_LAYERS
from dashboard.shared.page_context import PageContext
from xai_core.attribution.catalog import find_method
from xai_core.types import LayerInfo, LoadedModel, ReceptiveField


def inspector(context: PageContext) -> None:
    """The diagram, on which a click chooses the layer for the other pages too, the table and the methods."""
    model, layers = context.model, context.layers
    parameters = sum(parameter.numel() for parameter in model.module.parameters())
    amount = f"{parameters / 1e6:.2f} million" if parameters >= 1e5 else f"{parameters:,}"
    st.subheader(f"Inside {in_prose(model.config.title)}", anchor=False)
    channels = {1: "grey", 3: "colour"}[len(model.config.mean)]
    height, width = model.config.input_size
    st.markdown(
        f"{amount} parameters · {len(model.config.class_names)} classes · reads {channels} "
        f"pictures of {height} × {width} · {in_prose(model.config.source)} · licence: {in_prose(model.config.licence)}"
    )
    network_diagram.network(context)
    _layers_table(model, layers)
    _methods(model)


def _layers_table(model: LoadedModel, layers: tuple[LayerInfo, ...]) -> None:
    every = ALL_LAYERS.get()  # the side bar's switch, as for the list of layers there
    listed = [layer for layer in layers if every or layer.main]
    fields = cached.fields(model, layers)
    st.dataframe(
        [_row(model, layer, fields[layer.name]) for layer in listed],
        hide_index=True,
        alt="The network's layers",
        column_config={"Parameters": st.column_config.NumberColumn(format="localized")},
    )


def _row(model: LoadedModel, layer: LayerInfo, field: ReceptiveField | str) -> dict[str, object]:
    return {
        "Layer": f"{layer.name} (suggested)" if layer.suggested else layer.name,
        "Kind": layer.kind,
        "Grid": f"{layer.grid[0]} × {layer.grid[1]}",
        "Channels": layer.channels,
        "Receptive field": network_diagram.field_in_words(field),
        "Parameters": sum(parameter.numel() for parameter in model.module.get_submodule(layer.name).parameters()),
    }


def _methods(model: LoadedModel) -> None:
    reasons = cached.methods(model)
    fitting = [find_method(key).title for key, reason in reasons.items() if reason is None]
    st.markdown(f"**{len(fitting)} of {len(reasons)} methods apply**")
    st.caption(", ".join(fitting))
    for key, reason in reasons.items():
        if reason is not None:
            st.caption(f"**{find_method(key).title}** does not: {in_prose(reason)}")
