"""A method that nobody has heard of, once in the catalogue, is on every page and keeps every contract."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
import torch
import torch.nn.functional as F
from streamlit.testing.v1 import AppTest
from torch import Tensor

import xai_core as xai
from dashboard.core import results
from dashboard.core.state import Selection, link_of, read_link
from dashboard.shared import cached
from dashboard.shared.components.viewer import Table
from tests.contracts import test_methods
from tests.contracts.test_method_records import forgotten
from tests.networks import Small
from training.planted.scores import bench
from xai_core.attribution import catalog
from xai_core.attribution.method import INPUT, AttributionRequest, Method, by_gradient, setting
from xai_core.evaluation.planted.network import cases
from xai_core.forward.forward_pass import run_forward
from xai_core.forward.target import target_scores
from xai_core.render.recipe import as_python, recipe_line
from xai_core.types import ProgressCallback

PAGES = Path(__file__).resolve().parents[2] / "pages"


@dataclass(frozen=True)
class MaskSettings:
    masks: int = setting(12, "Masks", low=1, high=8000, step=1, help="More masks give a smoother map.")
    batch: int = setting(6, "Masks in one pass", low=1, high=64, step=1, help="Speed and memory; not the result.")


def _answer(request: AttributionRequest, settings: MaskSettings, on_progress: ProgressCallback) -> dict[str, Tensor]:
    n, _, height, width = request.inputs.shape
    drawn = torch.rand(settings.masks, 1, 4, 4, generator=torch.Generator().manual_seed(0)).lt(0.5).float()
    masks = F.interpolate(drawn, (height, width), mode="bilinear").to(request.inputs)
    maps = []
    for image in range(n):
        summed = torch.zeros(())
        for start in range(0, len(masks), settings.batch):
            chunk = masks[start : start + settings.batch]
            scores = run_forward(request.module, request.inputs[image].detach() * chunk, ()).scores
            numbers = target_scores(scores, request.target.of_image(image, len(chunk)))
            summed = summed + torch.einsum("mk,mhw->khw", numbers, chunk[:, 0])
            on_progress(image * len(masks) + start + len(chunk), n * len(masks))
        maps.append(summed / len(masks))
    return {INPUT: torch.stack(maps)}


MASKS = Method(
    key="made_up_masks",
    title="Made-up masks",
    paper="none: made up, after Petsiuk et al., RISE, BMVC 2018",
    about="The picture is hidden by random masks; each pixel counts by the scores of the masks that show it.",
    reading="The stronger the colour of a pixel, the more {masks} masks that show it {raised} the score of this class.",
    answer=_answer,
    target="pixel",
    settings=MaskSettings,
    slow=True,
)
SQUARE_CAM = Method(
    key="square_cam",
    title="Square-CAM",
    paper="none: made up",
    about="Grad-CAM of squared activations.",
    reading="The stronger the colour of a place, the more strong channels there {raised} the score of this class.",
    answer=by_gradient(lambda a, g: (g.mean(dim=(2, 3), keepdim=True) * a * a.abs()).sum(dim=1)),
)
NEW = (MASKS, SQUARE_CAM)
BY_ID = [method.key for method in NEW]


@pytest.fixture(autouse=True)
def listed() -> Iterator[None]:
    """Both methods in the catalogue, and nowhere else; what pages remember of it is forgotten before and after."""
    cached.methods.clear()
    before = list(catalog.METHODS)
    catalog.METHODS.extend(NEW)
    yield
    catalog.METHODS[:] = before
    cached.methods.clear()
    results._kept.clear()


def open_page(name: str, **chosen: str) -> AppTest:
    app = AppTest.from_file(str(PAGES / f"{name}.py"), default_timeout=240)
    for key, value in chosen.items():
        app.query_params[key] = value
    return shown(app.run())


def shown(app: AppTest) -> AppTest:
    assert not app.exception, app.exception[0].message
    return app


def said(app: AppTest) -> str:
    return "\n".join(element.value for element in [*app.markdown, *app.caption, *app.info])


@pytest.mark.parametrize("method", NEW, ids=BY_ID)
def test_its_record_is_whole(method: Method) -> None:
    assert forgotten(method) == []


CONTRACTS = [
    contract
    for name, contract in inspect.getmembers(test_methods, inspect.isfunction)
    if name.startswith("test_") and "key" in inspect.signature(contract).parameters
]


@pytest.mark.parametrize(
    ("contract", "key"), [*itertools.product(CONTRACTS, BY_ID)], ids=lambda x: getattr(x, "__name__", x)
)
def test_it_keeps_every_promise_of_a_method(contract: object, key: str) -> None:
    torch.manual_seed(0)
    kinds = [Small, test_methods.Unusual] if "kind" in inspect.signature(contract).parameters else [None]  # type: ignore[arg-type]
    for kind in kinds:
        given = {"key": key, "kind": kind, "network": Small().eval()}
        contract(**{name: given[name] for name in inspect.signature(contract).parameters})  # type: ignore[operator, arg-type]


@pytest.mark.parametrize("method", NEW, ids=BY_ID)
def test_a_link_a_recipe_line_and_a_script_name_it(method: Method) -> None:
    settings = {"masks": 4} if method is MASKS else {}
    chosen = Selection(method=method.key, settings=tuple(settings.items()))
    assert read_link(Selection(), link_of(chosen)) == chosen
    result = xai.explain(xai.load_model("digits"), xai.open_dataset("digits").load(0), method.key, settings=settings)
    (layer,) = result.maps
    line = recipe_line(result, method.title, layer)
    assert ("Made-up masks (masks 4)" if method is MASKS else "Square-CAM") in line
    assert f"method='{method.key}'" in as_python(result, layer, "model", "image")
    assert ("the more 4 masks that show it raised" if method is MASKS else "cells") in xai.how_to_read(result, layer)


@pytest.mark.parametrize("method", NEW, ids=BY_ID)
def test_explain_lists_it_draws_it_and_says_how_to_read_it(method: Method) -> None:
    app = open_page("explain", model="digits", digit="3")
    assert method.title in app.selectbox(key="choice_method").options
    told = said(shown(app.selectbox(key="choice_method").set_value(method.key).run()))
    assert method.about in told
    assert f"How to read it: {method.reading.split('{')[0]}" in told
    again = open_page("explain", model="digits", digit="3", method=method.key)
    assert again.selectbox(key="choice_method").value == method.key
    if method is MASKS:
        assert app.number_input(key="choice_made_up_masks_masks").value == 12


def test_compare_shows_both_and_the_matrix_lists_the_one_that_reads_a_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    tables: list[Table] = []
    monkeypatch.setattr("dashboard.compare.matrix.matrix", lambda _image, table, *_, **__: tables.append(table))
    app = open_page(
        "compare", **{"model": "digits", "digit": "3", "a.method": "made_up_masks", "b.method": "square_cam"}
    )
    assert [app.selectbox(key=f"pane_{side}_method").value for side in "ab"] == ["made_up_masks", "square_cam"]
    app.toggle(key="compare_show_matrix").set_value(True)
    while "which now shows" not in said(shown(app.run())):
        assert "Computing" in said(app)
    column = list(tables[-1].columns).index("Square-CAM")
    assert all(isinstance(row[column], np.ndarray) for row in tables[-1].cells)
    assert "Made-up masks" not in tables[-1].columns


def test_mri_and_an_audit_offer_the_quick_one() -> None:
    app = open_page("mri")
    assert app.selectbox(key="mri_method").options[0] == "Grad-CAM"
    shown(app.selectbox(key="mri_method").set_value("square_cam").run())
    bench_page = AppTest.from_file(str(PAGES / "bench.py"), default_timeout=240)
    bench_page.session_state["bench_tab"] = "audit"
    offered = shown(bench_page.run()).selectbox(key="audit_method").options
    assert "Square-CAM" in offered
    assert "Made-up masks" not in offered


def test_bench_shows_its_maps_at_once_and_says_that_it_is_not_measured_yet() -> None:
    app = open_page("bench")
    assert "Not measured yet: Made-up masks, Square-CAM." in said(app)
    for key, maps in (("made_up_masks", 1), ("square_cam", 3)):
        told = said(shown(app.selectbox(key="bench_method").set_value(key).run()))
        assert told.split("Evidence in the frame")[1].split(". A blind")[0].count("%") == maps


def test_the_bench_measures_it() -> None:
    catalog.METHODS[:] = NEW
    rows = bench("shapes", cases("shapes", 4))
    assert [(row.method, row.stage) for row in rows if not row.trivial] == [
        ("made_up_masks", ""),
        *(("square_cam", stage) for stage in ("block2", "block3", "block4")),
    ]


def test_without_it_bench_has_measured_every_method_that_applies() -> None:
    del catalog.METHODS[-len(NEW) :]
    st.cache_resource.clear()
    assert "Not measured yet" not in said(open_page("bench"))
