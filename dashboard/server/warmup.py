"""The work that the first visitor shall not wait for."""

import gc
import logging

from dashboard.server import served
from dashboard.server.imports import ALONE


def warm() -> None:
    """Make the first screen's map before anybody asks for it: in its own thread, while the server answers."""
    # Streamlit warns of every cached call outside a visitor's run; here that is what we want.
    logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context").setLevel(logging.ERROR)
    if served.was_started():
        served.take_in()
        return
    with ALONE:  # not at the top: the imports are the slow part
        from dashboard.core.state import Selection
        from dashboard.shared import cached, drawing, explanations
        from xai_core.attribution.explain import suggested_layer

    chosen = Selection()
    model = cached.model(chosen.model)
    layers = cached.layers(model)
    # Streamlit collects garbage after each run of a page. What is there now stays for ever and belongs to no visitor:
    # it is left out from here on, since to look through the libraries each time took 0.2 s.
    gc.freeze()
    image = cached.sample(chosen.image.removeprefix("sample:"))
    image_pass = cached.image_forward_pass(model, image, layers, None)
    cached.methods(model)
    explained = explanations.explanation(
        image_pass, chosen, image_pass.prediction.top(1)[0].index, suggested_layer(model)
    )
    drawing.image_of_result(image, explained)
    drawing.tile_of_result(image, explained)
    cached.sample_thumbs()
