"""The work that the first visitor shall not wait for."""

from __future__ import annotations

import gc
import logging

from dashboard.host import served
from dashboard.host.imports import ALONE


def warm() -> None:
    """Make the first screen's map before anybody asks for it: in its own thread, while the server answers."""
    # Streamlit warns of every cached call outside a visitor's run; here that is what we want.
    logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context").setLevel(logging.ERROR)
    if served.was_started():
        served.take_in()
        return
    with ALONE:  # not at the top: the imports are the slow part
        from dashboard import computing, drawing
        from dashboard.state import Selection
        from dashboard.store import cached
        from xai_core.attribution.explain import suggested_layer

    chosen = Selection()
    model = cached.model(chosen.model)
    layers = cached.layers(chosen.model, model)
    # Streamlit collects garbage after each run of a page. What is there now stays for ever and belongs to no visitor:
    # it is left out from here on, since to look through the libraries each time took 0.2 s.
    gc.freeze()
    image = cached.sample(chosen.picture.removeprefix("sample:"))
    traced = cached.trace_for(model, image, layers, None)
    cached.methods(chosen.model, model)
    explained = computing.explanation(traced, chosen, traced.prediction.top(1)[0].index, suggested_layer(model))
    drawing.picture_of_result(image, explained)
    drawing.tile_of_result(image, explained)
    cached.sample_thumbs()
