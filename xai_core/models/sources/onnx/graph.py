"""An ONNX graph as plain records, tidied for explaining: copies left out, the final softmax or sigmoid taken off."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

Ending = Literal["softmax", "sigmoid", "none"]
_PASSING = ("Identity", "Cast", "Dropout", "Reshape", "Flatten", "Squeeze", "Unsqueeze")  # numbers stay as they are
_FLOATS = (torch.float16, torch.float64, torch.bfloat16)


@dataclass(frozen=True, eq=False)
class Node:
    """One operator. inputs: names of values, "" for one that is left out. scope: where its exporter had it."""

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Graph:
    """given: the name of the input. nodes: in an order in which they can run. constants: {name: tensor}.

    ending: what was taken off the end. channels_last: the input is (n, H, W, c).
    """

    given: str
    nodes: tuple[Node, ...]
    constants: Mapping[str, Tensor]
    output: str
    opset: int
    channels_last: bool
    ending: Ending = "none"


def read_graph(model: onnx.ModelProto, shape: tuple[int, ...], output: str) -> Graph:
    """The graph of a model that was checked, with float32 in place of all other floats; shape: of its input.

    output: the name of the one that is read.
    """
    constants = {tensor.name: _tensor(tensor) for tensor in model.graph.initializer}
    nodes = []
    for proto in model.graph.node:
        attributes = {a.name: _value(a) for a in proto.attribute}
        if proto.op_type == "Constant":
            constants[proto.output[0]] = torch.as_tensor(next(iter(attributes.values())))
            continue
        nodes.append(Node(proto.op_type, _scope(proto), tuple(proto.input), tuple(proto.output), attributes))
    given = next(value.name for value in model.graph.input if value.name not in constants)
    opset = max((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), default=1)
    graph = Graph(given, tuple(nodes), constants, output, opset, shape[1] not in (1, 3))
    return used(_without_copies(graph))


def computes_in_half(model: onnx.ModelProto) -> bool:
    """Whether values are float16 on the way, so that even the same network in float32 answers a little otherwise.
    Weights that are kept in float16 and cast before they are used do not count."""
    half = onnx.TensorProto.FLOAT16
    kept = {tensor.name for tensor in model.graph.initializer if tensor.data_type == half}
    if any(value.type.tensor_type.elem_type == half for value in model.graph.input if value.name not in kept):
        return True
    for node in model.graph.node:
        if node.op_type == "Constant" and any(a.t.data_type == half for a in node.attribute):
            kept.update(node.output)
    return any(
        any(a.name == "to" and a.i == half for a in node.attribute)
        if node.op_type == "Cast"
        else not kept.isdisjoint(node.input)
        for node in model.graph.node
    )


def without_ending(graph: Graph) -> Graph:
    """The graph up to the scores: a final softmax, log-softmax or sigmoid is taken off."""
    makers = {name: node for node in graph.nodes for name in node.outputs}
    output = graph.output
    while output in makers and makers[output].op in _PASSING:
        output = makers[output].inputs[0]
    last = makers.get(output)
    if last is None or last.op not in ("Softmax", "LogSoftmax", "Sigmoid"):
        return graph
    ending: Ending = "sigmoid" if last.op == "Sigmoid" else "softmax"
    return used(replace(graph, output=last.inputs[0], ending=ending))


def used(graph: Graph) -> Graph:
    """Without the nodes and constants on which the output does not depend."""
    wanted, kept = {graph.output}, []
    for node in reversed(graph.nodes):
        if wanted.intersection(node.outputs):
            kept.append(node)
            wanted.update(node.inputs)
    constants = {name: value for name, value in graph.constants.items() if name in wanted}
    return replace(graph, nodes=tuple(reversed(kept)), constants=constants)


def _without_copies(graph: Graph) -> Graph:
    """Without the nodes that hand on what they are given: training tools leave many behind."""
    same: dict[str, str] = {}
    nodes = []
    for node in graph.nodes:
        node = replace(node, inputs=tuple(same.get(name, name) for name in node.inputs))
        if node.op in ("Identity", "Dropout"):
            same[node.outputs[0]] = node.inputs[0]
        else:
            nodes.append(node)
    return replace(graph, nodes=tuple(nodes), output=same.get(graph.output, graph.output))


def _tensor(proto: onnx.TensorProto) -> Tensor:
    tensor = torch.from_numpy(np.array(numpy_helper.to_array(proto)))  # a copy: the file's bytes are read-only
    return tensor.float() if tensor.dtype in _FLOATS else tensor


def _value(attribute: onnx.AttributeProto) -> Any:
    value = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, onnx.TensorProto):
        return _tensor(value)
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _scope(proto: onnx.NodeProto) -> str:
    """The dotted path of the layer that the operator belongs to: PyTorch's own name where the exporter kept it."""
    kept = {entry.key: entry.value for entry in proto.metadata_props}
    scopes: str = kept.get("pkg.torch.onnx.name_scopes", "")
    parts = [part.strip(" '\"") for part in scopes.strip("[]").split(",")][:-1]
    if parts:
        return parts[-1]
    path: list[str] = []
    for part in proto.name.strip("/").split("/")[:-1]:
        if path and part.startswith(f"{path[-1]}."):  # "layer1/layer1.0/conv1": the second says the first again
            path.pop()
        path.append(part)
    return ".".join(path)
