"""The Explain page without a browser: what it shows for a choice, a link, an upload and a refusal."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import streamlit as st
import torch
import torchvision
from PIL import Image
from streamlit.testing.v1 import AppTest

import xai_core as xai
from dashboard.core import results
from dashboard.core.state import MAX_UPLOADS, Selection, link_of, read_link
from dashboard.shared import cached
from tests.xai_core.images.hostile import hostile_files
from xai_core.models import catalog
from xai_core.models.sources import torchvision_zoo
from xai_core.types import Download

PAGE = Path(__file__).resolve().parents[2] / "pages" / "explain.py"


@pytest.fixture
def app() -> Iterator[AppTest]:
    yield AppTest.from_file(str(PAGE), default_timeout=60)
    cached._forward_passes.clear()
    results._kept.clear()


def headline(app: AppTest) -> str:
    assert not app.exception
    return app.header[0].value


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_first_run_shows_the_predicted_class_without_a_click(app: AppTest):
    expected = xai.predict(xai.load_model("imagenet"), xai.load_sample("coffee")).top(1)[0]
    app.run()
    assert headline(app) == f"The model sees: {expected.name.split(',')[0]}"
    assert app.selectbox(key="choice_layer").value == "bn2"
    assert app.selectbox(key="choice_class_index").value == expected.index


def test_the_questions_for_experts_are_drawn_once_their_box_is_open(app: AppTest):
    app.run()
    assert "choice_contrast_class" not in {box.key for box in app.selectbox}
    app.session_state["experts"] = True
    app.run()
    app.selectbox(key="choice_contrast_class").set_value(281).run()
    assert any("rather than tabby" in line.value for line in app.markdown)


def test_another_class_and_layer_need_no_other_forward_pass(app: AppTest, monkeypatch: pytest.MonkeyPatch):
    app.run()
    passes: list[object] = []
    monkeypatch.setattr(xai, "forward_image", lambda *args: passes.append(args))
    app.selectbox(key="choice_class_index").set_value(281).run()
    assert headline(app) == "Evidence for: tabby"
    app.selectbox(key="choice_layer").set_value("blocks.4").run()
    assert any("14 × 14 cells" in c.value for c in app.caption)
    assert app.query_params["layer"] == "blocks.4"
    assert passes == []


def test_a_link_restores_model_sample_class_layer_and_method(app: AppTest):
    for key, value in {"sample": "coffee", "class": "504", "layer": "blocks.4", "method": "grad_cam"}.items():
        app.query_params[key] = value
    app.run()
    assert headline(app) == "Evidence for: coffee mug"
    assert app.selectbox(key="choice_layer").value == "blocks.4"
    assert app.session_state["selection"] == Selection("imagenet", "sample:coffee", 504, "blocks.4", "grad_cam")


@pytest.mark.parametrize(
    ("link", "word"),
    [({"model": "nope"}, "no model"), ({"class": "99999"}, "no class 99999"), ({"layer": "<b>x"}, "has no layer")],
)
def test_a_wrong_link_is_said_in_a_sentence_and_the_default_is_shown(app: AppTest, link: dict[str, str], word: str):
    for key, value in link.items():
        app.query_params[key] = value
    app.run()
    assert headline(app).startswith("The model sees")
    assert word in app.warning[0].value


def test_an_uploaded_picture_is_chosen_and_never_named_in_the_link(app: AppTest):
    app.run()
    rng = np.random.default_rng(0)
    app.file_uploader[0].upload("patient-name.png", png(rng.integers(0, 255, (60, 90, 3), np.uint8)), "image/png").run()
    assert not app.exception
    chosen = app.session_state["selection"]
    assert chosen.image.startswith("upload:")
    assert app.query_params["sample"] == "own"
    assert "patient" not in repr(link_of(chosen))
    assert chosen.image.split(":")[1] not in repr(link_of(chosen))
    assert len(app.session_state["uploads"]) == 1


def test_a_link_to_somebodys_own_picture_says_that_it_is_not_kept(app: AppTest):
    app.query_params["sample"] = "own"
    app.run()
    assert any("please upload it again" in info.value for info in app.info)
    app.file_uploader[0].upload("mine.png", png(np.full((40, 40, 3), 90, np.uint8)), "image/png").run()
    assert not app.info


def test_a_damaged_upload_is_refused_in_one_sentence_and_loses_nothing(app: AppTest):
    app.run()
    good = png(np.full((40, 40, 3), 90, np.uint8))
    app.file_uploader[0].set_value([("good.png", good, "image/png"), ("bad.png", good[:50], "image/png")]).run()
    assert not app.exception
    assert len(app.session_state["uploads"]) == 1
    (refusal,) = [e.value for e in app.error]
    assert refusal.endswith(".")
    assert "Traceback" not in refusal
    assert headline(app).startswith("The model sees")


def test_a_model_that_is_not_on_disk_asks_before_it_downloads(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torchvision_zoo, "build", lambda *_: pytest.fail("nothing may be loaded unasked"))
    app.query_params["model"] = "torchvision/resnet18"
    app.run()
    assert not app.exception
    labels = [button.label for button in app.button]
    assert any(label.startswith("Download 4") and label.endswith("MB") for label in labels), labels
    assert any("ResNet-18 is not on this machine yet" in text.value for text in app.markdown)


def test_what_was_done_to_a_picture_on_reading_is_said(app: AppTest):
    app.run()
    buffer = io.BytesIO()
    Image.fromarray((np.arange(3600).reshape(60, 60) + 300).astype(np.uint16)).save(buffer, "PNG")
    app.file_uploader[0].set_value([("grey.png", buffer.getvalue(), "image/png")]).run()
    assert not app.exception
    assert any("16-bit grey values 300 to 3899" in caption.value for caption in app.caption)


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ({}, Selection()),
        ({"class": "7", "sample": "rocket"}, Selection(image="sample:rocket", class_index=7)),
        ({"class": "-1", "sample": "../../etc/passwd", "layer": ""}, Selection()),
        ({"class": "１"}, Selection()),
    ],
)
def test_links_are_read_with_suspicion(link: dict[str, str], expected: Selection):
    assert read_link(Selection(), link) == expected
    assert read_link(Selection(), link_of(expected)) == expected


def test_caches_are_bounded():
    for cache in (cached._models, cached.layers, cached.sample, cached._forward_passes, cached.image):
        assert isinstance(cache, type(st.cache_resource(lambda: None)))
        assert cache._info.max_entries is not None


def test_hostile_files_never_crash_the_page_and_each_refusal_is_one_sentence(app: AppTest):
    app.run()
    files = [(name, content, "image/png") for name, content in hostile_files() if len(content) < 2_000_000]
    assert len(files) >= 100
    refused = 0
    for start in range(0, len(files), 60):
        part = files[start : start + 60]
        known = len(app.session_state["uploads"])
        app.file_uploader[0].set_value(part).run()
        assert not app.exception
        refusals = [error.value for error in app.error]
        assert len(refusals) + len(app.session_state["uploads"]) - known >= len(part) - MAX_UPLOADS
        assert all(refusal.endswith(".") and "\n" not in refusal for refusal in refusals)
        refused += len(refusals)
    assert refused >= 100
    assert headline(app)


def test_a_download_shows_its_size_then_loads_the_model_and_its_map(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "hub"))
    config = cached.configs()["torchvision/mnasnet0_5"]
    with weights_server(tmp_path, torchvision.models.mnasnet0_5()) as download:
        local = replace(config, download=download)
        monkeypatch.setitem(cached.configs(), config.key, local)
        monkeypatch.setitem(catalog._catalog(), config.key, local)
        app.query_params["model"] = config.key
        app.run()
        (agree,) = [button for button in app.button if button.label.startswith("Download ")]
        agree.click().run()
    assert headline(app).startswith("The model sees: ")
    assert app.selectbox(key="choice_layer").value == "layers.16"
    cached._models.clear()


@contextmanager
def weights_server(folder: Path, network: torch.nn.Module) -> Iterator[Download]:
    """Serve a network's weights under the name that torchvision would give them, on this machine."""
    served = folder / "served"
    served.mkdir()
    torch.save(network.state_dict(), served / "weights.pth")
    digest = hashlib.sha256((served / "weights.pth").read_bytes()).hexdigest()
    name = f"mnasnet-{digest[:8]}.pth"
    (served / "weights.pth").rename(served / name)
    handler = partial(QuietHandler, directory=str(served))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        size = (served / name).stat().st_size
        yield Download(f"http://127.0.0.1:{server.server_port}/{name}", size, digest[:8])
        server.shutdown()
        thread.join()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_args: object) -> None:
        """Nothing: a test's log is for its failures."""
