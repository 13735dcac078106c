"""From the visitor's choice to its maps: from the store where they are known, with progress where it takes long."""

from __future__ import annotations

import time
from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import xai_core as xai
from dashboard.core import results, state
from dashboard.core.state import Selection
from xai_core.attribution.catalog import DEFAULT, find_method
from xai_core.attribution.explain import ImageForwardPass
from xai_core.attribution.method import INPUT, Method
from xai_core.errors import NotApplicable
from xai_core.forward.target import Score
from xai_core.types import Explanation

PATIENCE_S = 0.4  # what takes longer shows its progress and can be stopped


def explanation(
    image_pass: ImageForwardPass,
    chosen: Selection,
    class_index: int,
    layer: str,
    on_stop: Callable[[], None] | None = None,
) -> Explanation:
    """The chosen class's maps. Fast methods give every layer of the pass, so that changing it afterwards costs nothing.

    on_stop: what the button beside a long computation's progress does; by default it chooses Grad-CAM.
    NotApplicable: the method has no meaning at this layer.
    """
    method = find_method(chosen.method)
    names = _layers(method, image_pass, layer)
    contrast_class = _rival(chosen, class_index)
    key = _key(image_pass, chosen, class_index, names)

    def make() -> Explanation:
        with ProgressBar(method.title, f"stop {key}", on_stop or _stop) as progress:
            return xai.explain_forward_pass(
                image_pass,
                method.key,
                names,
                [class_index],
                score=_score(image_pass, chosen),
                contrast_class=contrast_class,
                settings=dict(chosen.settings),
                on_progress=progress.show,
            )

    return results.get_or_make(key, make)


def known(image_pass: ImageForwardPass, chosen: Selection, class_index: int, layer: str) -> Explanation | None:
    """The same if it was computed before, else None. NotApplicable as above."""
    return results.known(_key(image_pass, chosen, class_index, _layers(find_method(chosen.method), image_pass, layer)))


def _score(image_pass: ImageForwardPass, chosen: Selection) -> Score:
    """With several labels only the score is there to explain, whatever was chosen for another model."""
    return "logit" if image_pass.prediction.labels == "several" else chosen.score


def _key(
    image_pass: ImageForwardPass, chosen: Selection, class_index: int, names: tuple[str, ...]
) -> tuple[object, ...]:
    request = (chosen.method, chosen.settings, _score(image_pass, chosen), _rival(chosen, class_index), class_index)
    return (image_pass.model.config.key, image_pass.model.digest, image_pass.image.digest, names, *request)


def _rival(chosen: Selection, class_index: int) -> int | None:
    """The class of "rather than"; a class has no lead over itself."""
    return chosen.contrast_class if chosen.contrast_class != class_index else None


def grad_cam(image_pass: ImageForwardPass, class_index: int, layer: str) -> Explanation:
    """Plain Grad-CAM, whatever else the visitor has chosen: what the Step-by-step page takes apart."""
    return explanation(image_pass, Selection(), class_index, layer)


def shown_layer(result: Explanation, layer: str) -> str:
    """The layer whose map is shown: the chosen one, or the input for a pixel-level method."""
    return INPUT if INPUT in result.maps else layer


def _layers(method: Method, image_pass: ImageForwardPass, layer: str) -> tuple[str, ...]:
    if method.target == "pixel":
        return method.layers_read([layer])
    defined = method.defined_at(image_pass.model.module, image_pass.forward_pass)
    if layer not in defined:
        where = f"choose {' or '.join(defined)}" if defined else "choose another method"
        raise NotApplicable(f"{method.title} is not defined at layer {layer}: {where}.")
    return (layer,) if method.slow else defined


def _stop() -> None:
    state.choose(method=DEFAULT)


class ProgressBar:
    """A bar and a way out, drawn once the work has taken `PATIENCE_S`, and taken away at the end."""

    def __init__(self, title: str, key: str, on_stop: Callable[[], None]) -> None:
        self._title, self._key, self._on_stop, self._start = title, key, on_stop, time.monotonic()
        self._slot: DeltaGenerator | None = None
        self._bar: DeltaGenerator | None = None

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._slot is not None:
            self._slot.empty()

    def show(self, done: int, total: int) -> None:
        """Draw `done` of `total`; as every Streamlit call it ends the run, and the work, when the visitor moves on."""
        if time.monotonic() - self._start < PATIENCE_S:
            return
        if self._bar is None:
            self._slot = st.empty()
            with self._slot.container(horizontal=True, vertical_alignment="center"):
                self._bar = st.progress(0.0)
                st.button("Stop", key=self._key, on_click=self._on_stop, icon=":material/stop_circle:")
        self._bar.progress(done / total, f"{self._title}: {done} of {total}")
