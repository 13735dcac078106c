"""The Filters page without a browser: which filters, in which order, and what is said of the chosen one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import Tensor, nn

import xai_core as xai
from dashboard.core.state import Selection
from dashboard.filters import filter_choice as filters_choice
from dashboard.filters.filter_descriptions import frequency_in_words, orientation_in_words, rank_in_words, twin_in_words
from dashboard.shared import cached
from dashboard.shared.components.viewer import TilesOptions
from xai_core.features.filter_facts import Twin

PAGE = Path(__file__).resolve().parents[2] / "pages" / "filters.py"


@pytest.fixture
def app() -> AppTest:
    return AppTest.from_file(str(PAGE), default_timeout=120)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """What the page's grids of tiles were given, by key."""
    given: dict[str, dict[str, Any]] = {}

    def tiles(maps: np.ndarray, titles: Sequence[str], options: TilesOptions, *, key: str, **rest: Any) -> None:
        given[key] = {"maps": maps, "titles": list(titles), **vars(options), **rest}

    for module in ("filter_sheet", "filter_detail", "kernels"):
        monkeypatch.setattr(f"dashboard.filters.{module}.tiles", tiles)
    return given


def texts(app: AppTest) -> str:
    assert not app.exception, app.exception[0].message
    return "\n".join(element.value for element in [*app.markdown, *app.caption, *app.info, *app.warning])


def names(grid: dict[str, Any]) -> list[str]:
    return [title.split("\n")[0] for title in grid["titles"]]


def stem() -> np.ndarray:
    return xai.load_model("imagenet", device="cpu").module.conv_stem.weight.detach().numpy()


def test_all_filters_stand_in_the_order_of_their_norm_and_the_first_is_chosen(app: AppTest, drawn: dict[str, Any]):
    app.run()
    norms = np.linalg.norm(stem().reshape(32, -1), axis=1)
    assert "`conv_stem` is the first convolution of EfficientNet-Lite0: **32 filters** of 3 × 3" in texts(app)
    shown = names(drawn["filter_tiles"])
    assert shown[:28] == [f"no. {k}" for k in np.argsort(-norms)[:28]]
    assert app.subheader[0].value == f"Filter {norms.argmax()}"
    assert f"**Norm** {norms.max():.2f} (1st of 32)" in texts(app)
    assert drawn["filter_tiles"]["selected"] == 0
    assert "4 are idle" in texts(app)
    assert (norms < 0.01 * norms.max()).sum() == 4


def test_tiles_are_the_weights_for_each_filter_or_over_all(app: AppTest, drawn: dict[str, Any]):
    app.query_params["sort"] = "number"
    app.run()
    weights = stem().transpose(0, 2, 3, 1)
    each = weights / np.abs(weights).max(axis=(1, 2, 3), keepdims=True)
    assert np.abs(drawn["filter_tiles"]["maps"] / 127.5 - 1 - each).max() <= 0.5 / 127.5 + 1e-6
    assert "each filter's own largest weight" in texts(app)
    app.segmented_control(key="filters_scaling").set_value("all").run()
    assert np.abs(drawn["filter_tiles"]["maps"] / 127.5 - 1 - weights / np.abs(weights).max()).max() <= 0.004
    assert f"the largest weight of all filters, ± {np.abs(weights).max():.3g}" in texts(app)


def test_sorting_by_response_follows_the_picture(app: AppTest, drawn: dict[str, Any]):
    app.query_params["sort"] = "response"
    orders = []
    for sample in ("coffee", "rocket"):
        app.query_params["sample"] = sample
        app.session_state["selection"] = replace(Selection(), image=f"sample:{sample}")
        app.run()
        assert not app.exception
        model = xai.load_model("imagenet", device="cpu")
        given = xai.prepare(model.config, xai.load_sample(sample))
        with torch.no_grad():
            peaks = model.module.conv_stem(given.tensor)[0].amax(dim=(1, 2)).numpy()
        orders.append(names(drawn["filter_tiles"]))
        assert orders[-1] == [f"no. {k}" for k in np.argsort(-peaks, kind="stable")]
        assert f"**Peak response** {peaks.max():.2f} (1st of 32)" in texts(app)
    assert orders[0] != orders[1]


def test_twins_are_those_of_a_cross_correlation_and_a_click_walks_on(
    app: AppTest, drawn: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    app.query_params["filter"] = "25"
    app.run()
    weights = torch.from_numpy(stem())
    weights = weights / weights.flatten(1).norm(dim=1)[:, None, None, None]
    cosines = torch.nn.functional.conv2d(weights, weights[25:26], padding=1).flatten(1)  # every shift by a pixel
    best = cosines.gather(1, cosines.abs().argmax(dim=1, keepdim=True)).ravel().numpy()
    best[[11, 16, 25, 28, 31]] = 0  # itself and the idle ones
    expected = np.argsort(-np.abs(best))[:6]
    shown = drawn["filter_twins"]
    assert names(shown) == [f"no. {k}" for k in expected]
    assert [title.split("\n")[1] for title in shown["titles"]] == [f"{best[k]:.2f}".replace("-", "−") for k in expected]
    chosen: list[dict[str, int]] = []
    monkeypatch.setattr(filters_choice, "choose", lambda **changes: chosen.append(changes))
    shown["on_choose"](2)
    assert chosen == [{"filter": expected[2]}]


def test_the_link_restores_the_choices_and_says_only_them(app: AppTest):
    link = {"filter": "7", "sort": "orientation", "scaling": "all", "kernels": "blocks.0.0.conv_pw", "kernel": "3"}
    for key, value in link.items():
        app.query_params[key] = value
    app.run()
    assert app.subheader[0].value == "Filter 7"
    assert app.segmented_control(key="filters_sort").value == "orientation"
    assert app.number_input(key="filters_kernel").value == 3
    assert {key: app.query_params[key] for key in link} == link
    app.segmented_control(key="filters_scaling").set_value("each").run()
    assert "scaling" not in app.query_params


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ({"filter": "99"}, "This layer has 32 filters, counted from 0, so there is no filter 99; the first is shown."),
        ({"kernels": "nothing"}, "EfficientNet-Lite0 has no deeper convolution “nothing”."),
        ({"kernels": "blocks.0.0.conv_pw", "kernel": "16"}, "has 16 filters, counted from 0, so there is no filter 16"),
        ({"filter": "-1", "sort": "beauty", "scaling": "none", "kernel": "１"}, "1st of 32"),
    ],
)
def test_links_are_read_with_suspicion(app: AppTest, link: dict[str, str], said: str):
    for key, value in link.items():
        app.query_params[key] = value
    app.run()
    assert said in texts(app)


def test_another_model_forgets_the_filter_and_offers_no_colour_where_there_is_none(app: AppTest):
    app.query_params["filter"] = "31"
    app.query_params["sort"] = "colourfulness"
    app.run()
    assert "Colour" in app.segmented_control(key="filters_sort").options
    app.selectbox(key="choice_model").set_value("digits").run()
    assert "`block1.conv` is the first convolution" in texts(app)
    assert "Colour" not in app.segmented_control(key="filters_sort").options  # its three channels are equal
    assert app.segmented_control(key="filters_sort").value == "norm"
    assert app.subheader[0].value != "Filter 31"
    assert "filter" not in app.query_params


def test_the_side_bar_shows_only_what_matters_here(app: AppTest):
    app.run()
    assert [box.label for box in app.sidebar.selectbox] == ["Model"]


def test_deeper_kernels_open_by_input_channel_with_the_reason_why_they_say_little(app: AppTest, drawn: dict[str, Any]):
    app.query_params["model"] = "digits"
    app.run()
    assert "A deeper kernel no longer weighs colours." in texts(app)
    assert "filter_kernels" not in drawn
    assert "block1.conv" not in app.selectbox(key="filters_kernels").options
    app.selectbox(key="filters_kernels").set_value("block2.conv").run()
    app.number_input(key="filters_kernel").set_value(5).run()
    kernels = xai.load_model("digits", device="cpu").module.block2.conv.weight.detach().numpy()[5]
    order = np.argsort(-np.linalg.norm(kernels.reshape(16, -1), axis=1))
    assert names(drawn["filter_kernels"]) == [f"channel {k}" for k in order]
    assert np.array_equal(drawn["filter_kernels"]["maps"], kernels[order])


def test_depthwise_layers_show_all_filters_and_single_weights_are_bars(app: AppTest, drawn: dict[str, Any]):
    app.query_params["kernels"] = "blocks.0.0.conv_dw"
    app.run()
    assert "a depthwise convolution" in texts(app)
    assert len(drawn["filter_kernels"]["maps"]) == 32
    assert not app.number_input
    app.selectbox(key="filters_kernels").set_value("blocks.0.0.conv_pw").run()
    assert "1 × 1: a single weight for each of 32 input channels" in texts(app)


class Doubled(nn.Module):
    """Shows its first convolution six channels: the picture and its negative."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.head = nn.Conv2d(6, 4, 5, stride=2), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.first(torch.cat([x, -x], 1)).mean((2, 3)))


class Patches(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.head = nn.Conv2d(3, 12, 8, stride=8), nn.Linear(12, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.first(x).mean((2, 3)))


class NoConvolution(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(x.mean((2, 3)))


@pytest.fixture(params=[Doubled, Patches, NoConvolution])
def own(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[nn.Module]:
    """A network of one's own in place of the bundled one."""
    module = request.param()
    model = xai.wrap_model(module, input_size=(64, 64), mean=(0.5,) * 3, std=(0.5,) * 3, class_names=["a", "b", "c"])
    model = replace(model, config=replace(model.config, key="imagenet"))
    monkeypatch.setattr(cached, "model", lambda _key: model)
    cached.layers.clear()
    yield module
    cached.layers.clear()


def test_networks_of_ones_own(app: AppTest, drawn: dict[str, Any], own: nn.Module, monkeypatch: pytest.MonkeyPatch):
    app.run()
    said = texts(app)
    if isinstance(own, NoConvolution):
        assert [info.value for info in app.info] == [
            "This network runs without a convolution, so it has no filters that could be shown as pictures."
        ]
        assert not drawn
        return
    assert "This network has no other convolution." in said
    grid = drawn["filter_tiles"]
    if isinstance(own, Doubled):
        assert len(grid["maps"]) == 4 * 6
        assert [title.split("\n")[2] for title in grid["titles"][:7]] == [f"channel {c % 6}" for c in range(7)]
        chosen: list[int] = []
        monkeypatch.setattr(filters_choice, "choose", lambda filter: chosen.append(filter))
        grid["on_choose"](13)  # the second channel of the third filter shown
        assert [f"no. {k}" for k in chosen] == [names(grid)[12]]
    else:
        assert "cuts the picture into patches of 8 × 8 pixels that do not overlap" in said
        assert grid["maps"].shape == (12, 8, 8, 3)


def test_words():
    assert orientation_in_words(float("nan")).startswith("none")
    assert [orientation_in_words(a) for a in (2, 45, 92, 130, 179.6)] == [
        "2°, lying", "45°, rising to the right", "92°, upright", "130°, falling to the right", "0°, lying"
    ]  # fmt: skip
    assert frequency_in_words(0.25) == "0.25 cycles a pixel (a wave of 4.0 px)"
    assert frequency_in_words(0.0) == "0: no stripes, one even patch"
    values = np.arange(30)[::-1]
    assert [rank_in_words(values, k).split()[0] for k in (0, 1, 2, 3, 10, 20, 22)] == [
        "1st", "2nd", "3rd", "4th", "11th", "21st", "23rd"
    ]  # fmt: skip
    assert twin_in_words(Twin(3, -0.7, (0, 0))) == "−0.70\nas is"
    assert twin_in_words(Twin(3, 0.7, (1, -1))) == "0.70\n↓1 ←1"
