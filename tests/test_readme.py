"""The Python of README and docs/python.md runs as it stands, and what they and the guide point to exists."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
import safetensors.torch
import torch
import torchvision
from PIL import Image
from streamlit.testing.v1 import AppTest

import xai_core as xai
from tests.contracts.test_method_records import forgotten
from tests.xai_core.models.sources.onnx.exports import KerasLike, keras_file
from xai_core.models.sources.config_file import write_config

ROOT = Path(__file__).resolve().parents[1]
README, PYTHON, GUIDE, CONTRIBUTING = (
    ROOT / name for name in ("README.md", "docs/python.md", "docs/guide.md", "CONTRIBUTING.md")
)


@pytest.mark.slow
def test_every_python_block_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("webbrowser.open", lambda _url: True)
    Image.fromarray(xai.load_sample("cat").pixels).save("cat.png")
    network = torchvision.models.resnet18(num_classes=4).eval()
    torch.save({"state_dict": network.state_dict()}, "brain.ckpt")
    Path("brain.yaml").write_text(write_config(xai.open_checkpoint("brain.ckpt").config), "utf-8")
    shutil.copy(ROOT / "tests/xai_core/models/sources/keras/cases/transfer.keras", "brain.keras")
    Path("folder").mkdir()
    Path("folder/config.json").write_text(json.dumps({"architecture": "resnet18", "num_classes": 4}), "utf-8")
    safetensors.torch.save_file(network.state_dict(), "folder/model.safetensors")
    Path("brain.onnx").write_bytes(keras_file(KerasLike(4, 3).eval(), 13, "Softmax"))
    names: dict[str, object] = {"network": network, "inputs": torch.randn(2, 3, 224, 224), "labels": [2, 1]}
    told = README.read_text("utf-8") + PYTHON.read_text("utf-8")
    blocks = re.findall(r"```python\n(.*?)```", told, flags=re.DOTALL)
    assert len(blocks) >= 3
    bundled = xai.load_model("imagenet")
    for block in blocks:
        names["model"] = bundled  # what a block loads or wraps is its own
        exec(compile(block.replace("classes=[[3, 7]]", "classes=[[0, 3]]"), "README", "exec"), names)
    assert (tmp_path / "heat_map.png").is_file()


@pytest.mark.parametrize("page", [README, PYTHON, GUIDE, CONTRIBUTING], ids=lambda page: page.name)
def test_every_picture_and_file_that_it_names_exists(page: Path):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_every_path_that_contributing_names_exists():
    """In backticks, with a slash: a file or folder of the clone."""
    named = re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", CONTRIBUTING.read_text("utf-8"))
    made = {"site/index.html", "core/", "shared/", "server/", "../shared/data"}
    assert len(named) > 15
    assert [path for path in named if path not in made and not (ROOT / path).exists()] == []


def test_the_method_and_the_page_of_contributing_work():
    blocks = re.findall(r"```python\n(.*?)```", CONTRIBUTING.read_text("utf-8"), flags=re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(next(block for block in blocks if "METHOD = " in block), "CONTRIBUTING", "exec"), names)
    assert forgotten(names["METHOD"]) == []
    page = AppTest.from_string(next(block for block in blocks if "page_context" in block), default_timeout=120).run()
    assert [str(error.value) for error in page.exception] == []
    assert page.metric[0].value == "95%"
