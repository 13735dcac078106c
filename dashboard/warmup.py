"""The work that the first visitor shall not wait for."""

from __future__ import annotations


def warm() -> None:
    """Make the first screen's map before anybody asks for it: in its own thread, while the server answers."""
    from dashboard import cached  # not at the top: the import is the slow part
    from dashboard.state import Selection

    chosen = Selection()
    model = cached.model(chosen.model)
    layers = cached.layers(chosen.model, model)
    image = cached.sample(chosen.picture.removeprefix("sample:"))
    traced = cached.trace_for(model, image, layers, None)
    result = cached.explanation(traced, chosen.method, traced.prediction.top(1)[0].index)
    cached.picture(image.digest, result.box, image.name, image)
    cached.sample_thumbs()
