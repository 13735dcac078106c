"""The Units page without a browser: what it shows at first, for a link, on the tour, and for data that is no good."""

from __future__ import annotations

import io
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

import xai_core as xai
from dashboard.core import jobs
from dashboard.shared import cached, local_folder
from xai_core.datasets import open_dataset
from xai_core.errors import ImageError
from xai_core.models.preprocess import prepare

PAGE = Path(__file__).resolve().parents[2] / "pages" / "units.py"
PATIENCE_S = 60


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))
    jobs._runs.clear()
    yield AppTest.from_file(str(PAGE), default_timeout=PATIENCE_S)
    wait_for_searches()
    cached._forward_passes.clear()


def wait_for_searches() -> None:
    jobs.stop_all()
    wait_for_the_end()


def run_to_the_end(app: AppTest) -> AppTest:
    """Run the page until its search has ended."""
    app.run()
    wait_for_the_end()
    return app.run()


def wait_for_the_end() -> None:
    end = time.monotonic() + PATIENCE_S
    while jobs._runs().active and time.monotonic() < end:
        time.sleep(0.02)


def unit_shown(app: AppTest) -> tuple[int, int, int]:
    """Channel, row and column of the headline, counted from 0."""
    assert not app.exception
    words = next(s.value for s in app.subheader if s.value.startswith("Channel"))
    channel, row, column = (int("".join(filter(str.isdigit, part))) for part in words.split(","))
    return channel, row - 1, column - 1


def captions(app: AppTest) -> str:
    return "\n".join(caption.value for caption in app.caption)


def button(app: AppTest, label: str):
    return next(b for b in app.button if b.label.startswith(label))


def link_to(app: AppTest, **parts: str) -> AppTest:
    for key, value in {"model": "digits", "digit": "3", **parts}.items():
        app.query_params[key] = value
    return app


def digit_maps(number: int, layer: str) -> tuple[np.ndarray, torch.Tensor]:
    """Feature maps (c, h, w) and scores by a plain hook on the network."""
    model, kept = xai.load_model("digits"), []
    handle = model.module.get_submodule(layer).register_forward_hook(lambda _m, _i, output: kept.append(output.clone()))
    try:
        with torch.no_grad():
            scores = model.module(prepare(model.config, open_dataset("digits").load(number)).tensor)
    finally:
        handle.remove()
    return kept[0][0].numpy(), scores[0]


def test_first_visit_shows_the_channel_that_adds_most_to_the_predicted_class_at_its_peak(app: AppTest):
    model = xai.load_model("imagenet")
    image_pass = xai.forward_image(model, xai.load_sample("coffee"), ["bn2"])
    maps = image_pass.forward_pass.activations["bn2"]
    best = image_pass.forward_pass.scores[0].argmax()
    (gradient,) = torch.autograd.grad(image_pass.forward_pass.scores[0, best], maps, retain_graph=True)
    added = (gradient.mean(dim=(2, 3)) * maps.sum(dim=(2, 3)))[0]
    channel = int(added.argmax())
    place = np.unravel_index(int(maps[0, channel].detach().numpy().argmax()), maps.shape[2:])
    app.run()
    assert unit_shown(app) == (channel, *place)
    assert "sees the whole picture" in captions(app)
    assert not app.error


@pytest.mark.parametrize(("order", "of"), [("peak", np.max), ("mean", np.mean)])
def test_peak_and_mean_put_the_right_channel_first(app: AppTest, order, of):
    maps, _ = digit_maps(3, "block3")
    expected = int(of(maps, axis=(1, 2)).argmax())
    link_to(app, layer="block3", order=order).run()
    assert unit_shown(app)[0] == expected


def test_a_link_restores_layer_channel_and_place(app: AppTest):
    link_to(app, layer="block2", channel="7", place="1.6").run()
    assert unit_shown(app) == (7, 1, 6)
    maps, _ = digit_maps(3, "block2")
    assert any(f"fires with **{maps[7, 1, 6]:.3g}**" in m.value for m in app.markdown)
    assert {"layer": "block2", "channel": "7", "place": "1.6", "data": "digits", "digit": "3"}.items() <= (
        app.query_params.items()
    )


@pytest.mark.parametrize("wrong", [{"channel": "999"}, {"place": "40.2"}, {"channel": "-1", "place": "x"}])
def test_a_link_that_names_a_unit_wrongly_shows_another(app: AppTest, wrong: dict[str, str]):
    link_to(app, layer="block2", **wrong).run()
    channel, row, column = unit_shown(app)
    assert 0 <= channel < 32
    assert max(row, column) < 8
    assert bool(app.warning) == ("-1" not in wrong.values())


def test_the_tour_finds_the_digits_that_excite_the_channel_most(app: AppTest):
    app.run()
    button(app, "Tour").click()
    run_to_the_end(app)
    channel = unit_shown(app)[0]
    digits, model = open_dataset("digits"), xai.load_model("digits")
    tensors = torch.cat([prepare(model.config, digits.load(i)).tensor for i in range(len(digits))])
    with torch.no_grad():
        peaks = model.module[:5](tensors)[:, channel].amax(dim=(1, 2))  # up to block4
    best = peaks.argsort(descending=True)[:9].tolist()
    shares = Counter(digits.class_name(i) for i in best)
    name, count = shares.most_common(1)[0]
    assert f"**{name}** ({round(100 * count / 9)} %)" in captions(app).replace("\u202f", " ")
    assert "of 1,797 pictures, one place a picture" in captions(app)


def test_back_leads_to_where_the_tour_began(app: AppTest):
    app.run()
    before = unit_shown(app)
    button(app, "Tour").click().run()
    assert app.selectbox(key="choice_model").value == "digits"
    button(app, "Back to Cup of coffee").click().run()
    assert app.selectbox(key="choice_model").value == "imagenet"
    assert unit_shown(app) == before


def test_a_pin_keeps_the_pixels_of_its_unit(app: AppTest):
    link_to(app, layer="block4", channel="5", place="2.2").run()
    button(app, "Pin").click().run()
    app.selectbox(key="choice_layer").set_value("block2").run()
    assert unit_shown(app)[0] != 5 or "block2" in app.query_params["layer"]
    assert "Pinned: 3/0003 · block4 · channel 5, row 3, column 3" in captions(app)
    button(app, "Unpin").click().run()
    assert "Pinned" not in captions(app)


def test_another_layer_keeps_the_place_of_the_picture(app: AppTest):
    link_to(app, layer="block1", channel="0", place="4.12").run()  # of 16 x 16
    app.selectbox(key="choice_layer").set_value("block2").run()  # 8 x 8: the cell that holds its middle
    channel, row, column = unit_shown(app)
    assert (row, column) == (2, 6)
    assert channel == digit_maps(3, "block2")[0][:, 2, 6].argmax()


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "/") + ".png", data)
    return buffer.getvalue()


def png(seed: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (40, 40, 3), np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_zip_is_searched_and_its_damaged_picture_is_named(app: AppTest):
    link_to(app).run()
    app.segmented_control(key="unit_source").set_value("uploads").run()
    data = zipped(cats__a=png(1), cats__b=png(2)[:60], dogs__c=png(3))
    app.file_uploader(key="unit_uploader").set_value([("pets.zip", data, "application/zip")]).run()
    assert "**pets**: 3 pictures in 2 classes" in captions(app)
    button(app, "Search 3 pictures").click()
    run_to_the_end(app)
    assert "of 3 pictures" in captions(app)
    assert [box.label for box in app.expander if "left out" in box.label] == [
        "1 picture could not be read and was left out"
    ]
    assert any("cats/b.png" in m.value for m in app.markdown)


def test_a_folder_of_this_machine_is_searched_and_its_path_enters_no_link(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for module in ("dataset_choice", "local_folder"):  # there is no browser here that could be local
        monkeypatch.setattr(f"dashboard.shared.{module}.is_local", lambda: True)
    (tmp_path / "pets").mkdir()
    for seed in range(3):
        (tmp_path / "pets" / f"{seed}.png").write_bytes(png(seed))
    link_to(app).run()
    app.segmented_control(key="unit_source").set_value("folder").run()
    app.text_input(key="unit_folder").set_value(str(tmp_path / "pets")).run()
    button(app, "Search 3 pictures").click()
    run_to_the_end(app)
    assert "of 3 pictures" in captions(app)
    assert str(tmp_path) not in str(dict(app.query_params))
    app.text_input(key="unit_folder").set_value("pets").run()
    assert "no whole path" in app.error[0].value
    assert app.subheader[-1].value == "The pixels that made it fire"  # the rest of the page stays


class Headers(dict):
    """What `st.context` knows of a request."""

    ip_address = None

    @property
    def headers(self) -> dict[str, str]:
        return dict(self)


@pytest.mark.parametrize(
    ("address", "headers", "ip", "local"),
    [
        ("127.0.0.1", {"Host": "localhost:8501"}, None, True),
        ("127.0.0.1", {"Host": "[::1]:8501"}, None, True),
        ("0.0.0.0", {"Host": "localhost:8501"}, None, False),
        ("", {"Host": "localhost:8501"}, None, False),
        ("127.0.0.1", {"Host": "sightline.example.org"}, None, False),
        ("127.0.0.1", {"Host": "localhost:8501", "X-Forwarded-For": "10.0.0.7"}, None, False),
        ("127.0.0.1", {"Host": "localhost:8501"}, "10.0.0.7", False),
    ],
)
def test_a_folder_may_be_named_at_the_servers_own_machine_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str, headers: dict[str, str], ip: str | None, local: bool
):
    (tmp_path / "a.png").write_bytes(png(0))
    context = Headers(headers)
    context.ip_address = ip
    monkeypatch.setattr(local_folder.st, "context", context)
    monkeypatch.setattr(local_folder.st, "get_option", lambda _name: address)
    assert local_folder.is_local() is local
    if local:
        assert len(local_folder.open_local_folder(f'"{tmp_path}"', open_dataset)) == 1
    else:
        with pytest.raises(ImageError, match="serves nobody else"):
            local_folder.open_local_folder(str(tmp_path), open_dataset)


@pytest.mark.parametrize(
    ("path", "word"), [("../..", "whole path"), ("/no/such/folder", "no folder"), ("/tmp\0x", "character")]
)
def test_a_path_that_leads_nowhere_is_refused(monkeypatch: pytest.MonkeyPatch, path: str, word: str):
    monkeypatch.setattr(local_folder, "is_local", lambda: True)
    with pytest.raises(ImageError, match=word):
        local_folder.open_local_folder(path, open_dataset)


def test_the_folder_is_not_offered_to_other_machines(app: AppTest, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dashboard.shared.dataset_choice.is_local", lambda: False)
    link_to(app).run()
    assert "Folder or CSV" not in app.segmented_control(key="unit_source").options


def test_a_model_without_relu_is_told_why_two_rules_do_not_apply():
    def script() -> None:
        from torch import nn

        import xai_core as xai
        from dashboard.units.pixels import RULES, Origin, _shown_rule

        net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.SiLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
        model = xai.wrap_model(net.eval(), input_size=(16, 16), mean=(0.5,) * 3, std=(0.5,) * 3, class_names=["a", "b"])
        image = xai.load_sample("coffee")
        origin = Origin(xai.forward_image(model, image, ["1"]), "1", (0, 3, 3), "unknown")
        for rule in RULES:
            _shown_rule(origin, rule)

    app = AppTest.from_function(script, default_timeout=PATIENCE_S).run()
    assert not app.exception
    assert len(app.info) == 2
    assert all("no ReLU" in info.value for info in app.info)
