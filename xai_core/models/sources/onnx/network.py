"""An ONNX graph as a network of PyTorch's layers under the names that they had: differentiable and for any batch."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from xai_core.errors import ModelError
from xai_core.models.sources.onnx.functions import FUNCTIONS
from xai_core.models.sources.onnx.graph import Graph, Node
from xai_core.models.sources.onnx.weighted import LAYERS, layer_of
from xai_core.models.sources.wired_network import Plan, WiredNetwork, steps_of

KNOWN = frozenset((*LAYERS, *FUNCTIONS, "Constant"))


class Operation(nn.Module):
    """An operator without weights of its own; subclasses only carry its name, which is shown as the layer's kind."""

    def __init__(self, function: Callable[..., Any], attributes: dict[str, Any]) -> None:
        super().__init__()
        self._function, self._attributes = function, attributes
        self.settings = repr(sorted(attributes.items()))  # for the digest of the structure

    def forward(self, *inputs: Tensor | None) -> Any:
        return self._function(self._attributes, *inputs)


def network_of(graph: Graph) -> WiredNetwork:
    """The network of a tidied graph, in eval mode. ModelError: an operator in a form that is not supported."""
    graph = _with_biases(_worked_out(graph))
    layers, taken = {}, []
    used: set[str] = set()
    for node, name in zip(graph.nodes, layer_names(graph), strict=True):
        layer = layer_of(node, graph.constants)
        layers[name] = layer or _operation(node, graph.opset)
        inputs = node.inputs[:1] if layer else node.inputs
        taken.append((name, inputs, node.outputs))
        used.update(inputs)
    constants = {name: value for name, value in graph.constants.items() if name in used}
    plan = Plan(graph.given, steps_of(taken, graph.output, constants), graph.output, graph.channels_last)
    return WiredNetwork(plan, layers, constants).eval()


def _operation(node: Node, opset: int) -> nn.Module:
    if node.op not in FUNCTIONS:
        raise ModelError(f"The model uses the operator {node.op} in a form that is not supported ('{node.name[:80]}').")
    attributes = {**node.attributes, "_opset": opset, "_outputs": len(node.outputs)}
    operation: nn.Module = type(node.op, (Operation,), {})(FUNCTIONS[node.op], attributes)
    return operation


def _worked_out(graph: Graph) -> Graph:
    """With the results of all nodes that depend on constants alone."""
    constants, nodes = dict(graph.constants), []
    for node in graph.nodes:
        if node.op in FUNCTIONS and all(not name or name in constants for name in node.inputs):
            made = _operation(node, graph.opset)(*(constants.get(name) for name in node.inputs))
            constants.update(zip(node.outputs, made if isinstance(made, tuple) else (made,), strict=False))
        else:
            nodes.append(node)
    return replace(graph, nodes=tuple(nodes), constants=constants)


def _with_biases(graph: Graph) -> Graph:
    """A product with weights and the addition of a bias behind it as one, as Keras's dense layers are written."""
    readers = Counter(name for node in graph.nodes for name in node.inputs)
    makers = {node.outputs[0]: node for node in graph.nodes}
    merged: dict[str, Node] = {}
    for node in graph.nodes:
        if node.op != "Add" or len(node.inputs) != 2:
            continue
        product, bias = node.inputs if node.inputs[1] in graph.constants else node.inputs[::-1]
        maker = makers.get(product)
        if maker is None or maker.op != "MatMul" or maker.inputs[1] not in graph.constants or readers[product] > 1:
            continue
        weight, shift = graph.constants[maker.inputs[1]], graph.constants.get(bias)
        if weight.ndim == 2 and shift is not None and shift.shape == weight.shape[1:]:
            merged[product] = replace(maker, inputs=(*maker.inputs, bias), outputs=node.outputs)
            merged[node.outputs[0]] = merged[product]
    kept = [merged.get(node.outputs[0], node) for node in graph.nodes]
    return replace(graph, nodes=tuple(dict.fromkeys(kept)))


def layer_names(graph: Graph) -> list[str]:
    """A dotted name for each node: its layer's where it is alone in it, else with the operator's name behind it."""
    scopes = [_parts(node) for node in graph.nodes]
    shared = _shared(scopes)
    paths = [scope[shared:] for scope in scopes]
    alone, above = Counter(paths), {path[:i] for path in paths for i in range(len(path))}
    names: list[str] = []
    for node, path in zip(graph.nodes, paths, strict=True):
        single = path and alone[path] == 1 and path not in above
        name = ".".join(path if single else (*path, node.op))
        seen = sum(other == name or re.fullmatch(re.escape(name) + r"_\d+", other) is not None for other in names)
        names.append(f"{name}_{seen}" if seen else name)
    return names


def _parts(node: Node) -> tuple[str, ...]:
    scope = node.name
    if not scope and len(node.inputs) > 1 and node.inputs[1].endswith(".weight"):
        scope = node.inputs[1].removesuffix(".weight")
    parts = [re.sub(r"[^\w-]", "_", part)[:80] for part in re.split(r"[./]", scope) if part]
    return tuple(f"{part}_" if hasattr(nn.Module, part) else part for part in parts)


def _shared(scopes: Sequence[tuple[str, ...]]) -> int:
    """How many parts all paths begin with: the model's own name, which says nothing."""
    shortest = min((scope for scope in scopes if scope), key=len, default=())
    count = 0
    while count < len(shortest) - 1 and all(not s or s[: count + 1] == shortest[: count + 1] for s in scopes):
        count += 1
    return count
