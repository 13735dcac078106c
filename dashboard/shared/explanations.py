"""From the visitor's choice to its maps: from the store where they are known, with progress where it takes long."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import xai_core as xai
from dashboard.core import results, state
from dashboard.core.state import Selection, Settings
from dashboard.shared import cached
from xai_core.attribution.catalog import DEFAULT, find_method
from xai_core.attribution.explain import ImageForwardPass
from xai_core.attribution.method import INPUT, Method
from xai_core.errors import NotApplicable
from xai_core.types import Explanation, ProgressCallback, Score

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
    request = request_of(image_pass, chosen, class_index, layer)

    def make() -> Explanation:
        with ProgressBar(find_method(request.method).title, f"stop {request}", on_stop or _stop) as progress:
            return _explained(image_pass, request, progress.show)

    return results.get_or_make(request, make)


def known(image_pass: ImageForwardPass, chosen: Selection, class_index: int, layer: str) -> Explanation | None:
    """The same if it was computed before, else None. NotApplicable as above."""
    return results.known(request_of(image_pass, chosen, class_index, layer))


@dataclass(frozen=True)
class ExplanationRequest:
    """All that decides an explanation: what it is computed from, and the key under which it is known again.

    model: its `cached.identity`. image: its digest. The other fields as in `Selection`.
    """

    model: str
    image: str
    layers: tuple[str, ...]
    class_index: int
    contrast_class: int | None
    method: str
    settings: Settings
    score: Score


def request_of(image_pass: ImageForwardPass, chosen: Selection, class_index: int, layer: str) -> ExplanationRequest:
    """What a choice asks of a pass. A class has no lead over itself; and where each class stands alone only
    the logit is there to explain, whatever was chosen for another model. NotApplicable as above."""
    return ExplanationRequest(
        model=cached.identity(image_pass.model),
        image=image_pass.image.digest,
        layers=_layers(find_method(chosen.method), image_pass, layer),
        class_index=class_index,
        contrast_class=chosen.contrast_class if chosen.contrast_class != class_index else None,
        method=chosen.method,
        settings=chosen.settings,
        score="logit" if image_pass.prediction.answer.alone else chosen.score,
    )


def _explained(image_pass: ImageForwardPass, request: ExplanationRequest, on_progress: ProgressCallback) -> Explanation:
    """Computed from nothing but the request and its pass."""
    return xai.explain_forward_pass(
        image_pass,
        request.method,
        request.layers,
        [request.class_index],
        score=request.score,
        contrast_class=request.contrast_class,
        settings=dict(request.settings),
        on_progress=on_progress,
    )


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
