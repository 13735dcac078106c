"""One bar a channel: the weights of all channels in order, the strongest on both ends named."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st

ENDS = 20


def bars(weights: np.ndarray, *, key: str, label: str = "weight alpha") -> None:
    """The most positive and the most negative of weights (c,) as bars; all of them where there are few.

    label: the quantity, for the axis.
    """
    order = np.argsort(-weights, kind="stable")
    shown = order if len(order) <= 2 * ENDS else np.concatenate([order[:ENDS], order[-ENDS:]])
    colours = st.get_option("theme.chartDivergingColors") or []
    up, down = (colours[-2], colours[1]) if len(colours) >= 4 else ("#0b6b72", "#b8690f")
    figure = go.Figure(
        go.Bar(
            x=[str(k) for k in shown],
            y=weights[shown],
            marker_color=[up if weights[k] >= 0 else down for k in shown],
            hovertemplate="channel %{x}: %{y:.4g}<extra></extra>",
        )
    )
    figure.update_layout(
        height=260,
        margin={"l": 0, "r": 0, "t": 8, "b": 0},
        xaxis={"title": "channel", "type": "category", "tickangle": -60},
        yaxis={"title": label},
        bargap=0.15,
    )
    st.plotly_chart(figure, key=key, config={"displayModeBar": False}, alt="Channel weights, most positive first")
    if len(order) > len(shown):
        st.caption(f"The {ENDS} most positive and the {ENDS} most negative of {len(order)} channels.")
