"""ONNX files as people make them: by both exporters of PyTorch, and by hand as Keras's converter writes them."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

FLOAT = TensorProto.FLOAT


def exported(network: nn.Module, opset: int, *, side: int = 64, channels: int = 3, modern: bool = False) -> bytes:
    """torch.onnx's older exporter with a free batch, or its modern one."""
    given, file = torch.rand(1, channels, side, side), io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # both exporters tell of their own age
        if modern:
            program = torch.onnx.export(
                network, (given,), dynamo=True, external_data=False, opset_version=opset, verbose=False
            )
            assert program is not None
            program.save(file)
        else:
            axes = {"pictures": {0: "n"}}
            torch.onnx.export(
                network, (given,), file, dynamo=False, opset_version=opset, input_names=["pictures"], dynamic_axes=axes
            )
    return file.getvalue()


def graph_of(
    nodes: Sequence[onnx.NodeProto],
    weights: dict[str, np.ndarray],
    shape: Sequence[int | str] = ("n", 3, 8, 8),
    classes: int = 4,
    opset: int = 13,
) -> onnx.ModelProto:
    """A model of these nodes from "x" to "y"."""
    graph = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info("x", FLOAT, shape)],
        [helper.make_tensor_value_info("y", FLOAT, ("n", classes))],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


class KerasLike(nn.Module):
    """The network of `keras_file`, in PyTorch: (n, H, W, c) pictures, padding "same" with stride 2, a dense head."""

    def __init__(self, classes: int, channels: int) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(channels, 8, 3, stride=2), nn.BatchNorm2d(8)
        self.dense = nn.Linear(8, classes)
        nn.init.uniform_(self.norm.running_var, 0.5, 1.5)
        nn.init.normal_(self.norm.running_mean)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        padded = nn.functional.pad(images.permute(0, 3, 1, 2), (0, 1, 0, 1))  # what "same" means for even sides
        return self.dense(torch.relu(self.norm(self.conv(padded))).mean((2, 3)))


def keras_file(network: KerasLike, opset: int, ending: str | None, side: int = 32) -> bytes:
    """What tf2onnx writes for it: a transposition first, pads of one side, MatMul and Add, names as paths."""
    weights = {name: tensor.numpy() for name, tensor in network.state_dict().items() if tensor.ndim}
    weights["dense.weight"] = weights["dense.weight"].T.copy()
    norm = [f"norm.{name}" for name in ("weight", "bias", "running_mean", "running_var")]
    axes = ["axes"] if opset >= 18 else []
    if axes:
        weights["axes"] = np.array([2, 3])
    reduced = {"keepdims": 0} | ({} if axes else {"axes": [2, 3]})
    last = "s" if ending else "y"
    node = helper.make_node
    nodes = [
        node("Transpose", ["x"], ["t"], "model/conv/Conv2D__6", perm=[0, 3, 1, 2]),
        node(
            "Conv",
            ["t", "conv.weight", "conv.bias"],
            ["c"],
            "model/conv/Conv2D",
            auto_pad="SAME_UPPER",
            strides=[2, 2],
            kernel_shape=[3, 3],
        ),
        node("BatchNormalization", ["c", *norm], ["b"], "model/norm/FusedBatchNormV3"),
        node("Relu", ["b"], ["r"], "model/act/Relu"),
        node("ReduceMean", ["r", *axes], ["m"], "model/pool/Mean", **reduced),
        node("MatMul", ["m", "dense.weight"], ["d"], "model/dense/MatMul"),
        node("Add", ["d", "dense.bias"], [last], "model/dense/BiasAdd"),
        *([node(ending, ["s"], ["y"], f"model/dense/{ending}")] if ending else []),
    ]
    shape = ("n", side, side, network.conv.in_channels)
    return graph_of(nodes, weights, shape, network.dense.out_features, opset).SerializeToString()
