"""A file that stays shut is told by its name or first bytes, and gets the two lines of the framework that wrote it."""

from __future__ import annotations

import ast
import io
import warnings

import pytest
import torch
from torch import nn

from xai_core.models.catalog import file_kinds
from xai_core.models.sources.export_roads import ROADS, roads_for


def script() -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch calls TorchScript deprecated
        torch.jit.save(torch.jit.script(nn.Sequential(nn.Conv2d(3, 2, 3))), file)
    return file.getvalue()


FILES = {
    "fastai": ("export.pkl", b"\x80\x02cfastai.learner\nLearner\n"),
    "ultralytics": ("best.pt", b"PK\x03\x04best/data.pkl\x80\x02cultralytics.nn.tasks\nClassificationModel\n"),
    "Lightning": ("last.ckpt", b"PK\x03\x04last/data.pkl\x80\x02}(X\x19\x00\x00\x00pytorch-lightning_version"),
    "skorch": ("net.pkl", b"\x80\x04\x95\x8c\x11skorch.classifier"),
    "TorchScript": ("model.ts", b"PK"),
    "torch.export": ("model.pt2", b"PK"),
    "TensorFlow Lite": ("m.bin", b"\x1c\x00\x00\x00TFL3"),
    "TensorFlow, a SavedModel": ("saved_model.pb", b"\x08\x01"),
    "Keras": ("model.h5", b"\x89HDF\r\n\x1a\n"),
    "PaddlePaddle": ("net.pdparams", b"\x80\x02"),
    "MATLAB": ("net.mat", b"MATLAB 5.0 MAT-file"),
    "JAX": ("params.msgpack", b"\x81"),
}


@pytest.mark.parametrize("framework", FILES)
def test_each_framework_is_told_by_its_file(framework: str) -> None:
    (road,) = roads_for(*FILES[framework])
    assert road.framework.startswith(framework)


def test_a_program_is_told_by_what_is_in_it_and_nothing_by_nothing() -> None:
    assert [road.framework[:11] for road in roads_for("m.pt", script())] == ["TorchScript"]
    general = roads_for("m.pt", b"")
    assert len(general) == 2
    assert all(road.framework.startswith("PyTorch") for road in general)


@pytest.mark.parametrize("road", ROADS, ids=lambda road: road.framework)
def test_a_road_is_two_lines_that_end_in_a_file_that_opens(road: object) -> None:
    code, gives = road.code, road.gives  # type: ignore[attr-defined]
    assert len(code.splitlines()) == 2
    if not code.startswith(("pip ", "load(")):
        ast.parse(code)
    assert any(gives.endswith(kind.suffixes) for kind in file_kinds())
