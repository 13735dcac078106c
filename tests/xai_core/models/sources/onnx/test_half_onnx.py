"""ONNX files in half precision: the network is the one with rounded weights, and the file's rounding is allowed for."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import onnx
import pytest
import timm
import torch
import torchvision
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

import xai_core as xai
from tests.xai_core.models.sources.onnx.exports import KerasLike, exported, keras_file
from xai_core.errors import ModelError
from xai_core.models.sources.onnx import opening
from xai_core.models.sources.onnx.opening import read_onnx
from xai_core.models.sources.onnx.trial import Trial

NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "resnet18": lambda: torchvision.models.resnet18(num_classes=5),
    "convnext": lambda: timm.create_model("convnext_atto", num_classes=5),
}


class Inside(nn.Module):
    """Single precision outside, half inside."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        return self.network(images.half()).float()


def in_half(network: nn.Module, given: Tensor) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter tells of its own age
        torch.onnx.export(network, (given,), file, dynamo=False, opset_version=17, input_names=["pictures"])
    return file.getvalue()


def stored_in_half(data: bytes) -> bytes:
    """The same file with its weights in half precision, each cast before it is used."""
    model = onnx.load_model_from_string(data)
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            name = tensor.name
            small = numpy_helper.to_array(tensor).astype(np.float16)
            tensor.CopyFrom(numpy_helper.from_array(small, f"{name}_half"))
            casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model.SerializeToString()


def rounded(name: str) -> nn.Module:
    """The network in single precision with the weights that half precision keeps of it."""
    torch.manual_seed(0)
    return NETWORKS[name]().eval().half().float()


@pytest.mark.parametrize("name", ["resnet18", pytest.param("convnext", marks=pytest.mark.slow)])
@pytest.mark.parametrize("how", ["in and out", "inside", "weights"])
def test_the_network_is_the_one_with_rounded_weights(name: str, how: str):
    original, given = rounded(name), torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    if how == "weights":
        data = stored_in_half(exported(original, 17))
    else:
        half = rounded(name).half()
        data = in_half(half, given.half()) if how == "in and out" else in_half(Inside(half), given)
    found = read_onnx(data)
    with torch.no_grad():
        torch.testing.assert_close(found.network(given), original(given), rtol=1e-4, atol=1e-4)
    assert all(tensor.dtype != torch.float16 for tensor in found.network.state_dict().values())
    assert found.difference < (1e-5 if how == "weights" else 5e-3)
    assert ("The file computes in half precision" in " ".join(found.notes)) == (how != "weights")


def test_a_map_of_a_half_precision_file_is_the_networks():
    original = rounded("resnet18")
    model = xai.open_onnx(in_half(rounded("resnet18").half(), torch.rand(1, 3, 64, 64).half()))
    images = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    expected = xai.class_maps(original, images, ["layer4"], [2], relu=False)["layer4"]
    last = [name for name, part in model.module.named_modules() if type(part).__name__ == "ReLU"][-1]
    found = xai.class_maps(model.module, images, [last], [2], relu=False)[last]
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(("half", "factor", "opens"), [(True, 1.003, True), (True, 1.02, False), (False, 1.003, False)])
def test_other_answers_than_rounding_explains_are_refused(
    half: bool, factor: float, opens: bool, monkeypatch: pytest.MonkeyPatch
):
    network = rounded("resnet18")
    data = in_half(network.half(), torch.rand(1, 3, 64, 64).half()) if half else exported(network, 17)
    tried = opening.tried

    def elsewhere(*given: object) -> Trial:
        found = tried(*given)  # type: ignore[arg-type]
        return replace(found, answer=found.answer.astype(np.float64) * factor)

    monkeypatch.setattr(opening, "tried", elsewhere)
    if opens:
        assert 1e-3 < read_onnx(data).difference < 5e-3
        return
    with pytest.raises(ModelError, match="answers otherwise than onnxruntime"):
        read_onnx(data)


def test_bfloat16_is_refused_in_words():
    model = onnx.load_model_from_string(keras_file(KerasLike(4, 3).eval(), 15, None))
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.BFLOAT16
    with pytest.raises(ModelError, match="reads bfloat16, which onnxruntime does not run; export it in float32"):
        read_onnx(model.SerializeToString())
