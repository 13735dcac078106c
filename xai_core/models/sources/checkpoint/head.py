"""A head that somebody put in place of an architecture's own: read from its tensors, and built."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise, permutations

import torch
from torch import Tensor, nn

ACTIVATION, PLACE = "head_activation", "head_activation_place"
# The names as cards have them, the titles on screen.
ACTIVATIONS: dict[str, tuple[str, Callable[[], nn.Module]]] = {
    "relu": ("ReLU", nn.ReLU),
    "gelu": ("GELU", nn.GELU),
    "silu": ("SiLU (Swish)", nn.SiLU),
    "tanh": ("Tanh", nn.Tanh),
    "leaky_relu": ("Leaky ReLU (0.01)", nn.LeakyReLU),
    "elu": ("ELU", nn.ELU),
    "selu": ("SELU", nn.SELU),
    "hardswish": ("Hardswish", nn.Hardswish),
    "sigmoid": ("Sigmoid", nn.Sigmoid),
    "none": ("nothing, or dropout alone", nn.Identity),
}
_MOST = 100  # tensors of a head
_ORDERS = 120  # of linear layers by name that are tried
_PARTS = {"weight", "bias", "running_mean", "running_var"}
_NO_HEAD = re.compile(r"^(criterion|metric|decoder|segmentation_head|train_|val_|test_)|loss")


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer with weights. name: below the head's own, "" for a head that is one layer. module: filled."""

    name: str
    module: nn.Module


@dataclass(frozen=True, eq=False)
class Head:
    """layers: in their order. numbered: their names are places in a sequence, which the built one keeps.

    slots: for each step from one linear layer to the next, the layers right after which something without weights may
    stand (their places in `layers`); empty where nothing can.
    """

    layers: tuple[Layer, ...]
    slots: tuple[tuple[int, ...], ...]
    numbered: bool

    @property
    def inputs(self) -> int:
        return _linears(self.layers)[0].in_features

    @property
    def classes(self) -> int:
        return _linears(self.layers)[-1].out_features


def read_head(tensors: Mapping[str, Tensor]) -> Head | None:
    """The chain of linear layers and norms that these tensors are; None where they are none."""
    by_layer: dict[str, dict[str, Tensor]] = {}
    if not 0 < len(tensors) <= _MOST:
        return None
    for name, tensor in tensors.items():
        layer, _, part = name.rpartition(".")
        by_layer.setdefault(layer, {})[part] = tensor
    common = _common(by_layer)
    layers = [
        Layer(name.removeprefix(common).strip("."), made)
        for name, parts in by_layer.items()
        if (made := _made(parts)) is not None
    ]
    if len(layers) != len(by_layer) or not _linears(layers):
        return None
    numbered = all(layer.name.isdecimal() and len(layer.name) < 4 for layer in layers)
    ordered = next((order for order in _orders(layers, numbered=numbered) if _is_chain(order)), None)
    return None if ordered is None else Head(tuple(ordered), tuple(_slots(ordered, numbered=numbered)), numbered)


def main_head(tensors: Mapping[str, Tensor], widths: Iterable[int]) -> tuple[Head | None, tuple[str, ...]]:
    """The head among what stands outside a body, and the names that are no part of it.

    widths: what the head may read, the likeliest first. One group of names counts, or all together where one by one
    none is a head.
    """
    wanted = tuple(widths)
    groups: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.rpartition(".")[2] in _PARTS and not _NO_HEAD.search(name):
            groups.setdefault(name.partition(".")[0], {})[name] = tensor
    small = {n: t for group in groups.values() if all(t.ndim < 3 for t in group.values()) for n, t in group.items()}
    tries = [small, *(group for group in groups.values() if len(groups) > 1)]
    found = [(head, tuple(n for n in tensors if n not in group)) for group in tries if (head := read_head(group))]
    fitting = [one for one in found if one[0].inputs in wanted]
    return min(fitting, key=lambda one: wanted.index(one[0].inputs), default=(None, tuple(tensors)))


def built_head(head: Head) -> nn.Module:
    """The layers as one module, with nothing yet where something without weights may stand; `set_activations` fills."""
    if head.layers[0].name == "" and len(head.layers) == 1:
        return head.layers[0].module
    parts: OrderedDict[str, nn.Module] = OrderedDict()
    for index, layer in enumerate(head.layers):
        if head.numbered:
            parts.update({str(place): nn.Identity() for place in range(len(parts), int(layer.name))})
        parts[_leaf(layer.name)] = layer.module
        if not head.numbered and any(index in places for places in head.slots):
            parts[_slot_name(head, index)] = nn.Identity()
    return nn.Sequential(parts)


def set_activations(module: nn.Module, head: Head, activation: str, place: str) -> None:
    """Put the activation into its slots. place: "first" of the places of a step, or its "last"."""
    for places in head.slots:
        for index in places:
            chosen = index == places[0 if place == "first" else -1]
            setattr(module, _slot_name(head, index), ACTIVATIONS[activation if chosen else "none"][1]())


def _slot_name(head: Head, index: int) -> str:
    name = head.layers[index].name
    return str(int(name) + 1) if head.numbered else f"after_{_leaf(name)}"


def _leaf(name: str) -> str:
    return name.replace(".", "_")


def _common(names: Iterable[str]) -> str:
    """The modules that all names lie in, with a dot: "classifier." of "classifier.0" and "classifier.3"."""
    parts = [name.split(".") for name in names]
    shared = next((i for i, column in enumerate(zip(*parts, strict=False)) if len(set(column)) > 1), None)
    if len(parts) == 1:
        shared = len(parts[0]) - (parts[0][-1].isdecimal())
    return ".".join(parts[0][: min(map(len, parts)) if shared is None else shared])


def _made(parts: Mapping[str, Tensor]) -> nn.Module | None:
    weight = parts.get("weight")
    held = {name: tensor.float() for name, tensor in parts.items() if name != "num_batches_tracked"}
    if weight is None or weight.ndim not in (1, 2) or not weight.numel():
        return None
    module: nn.Module
    with torch.device("meta"):
        if weight.ndim == 2 and held.keys() <= {"weight", "bias"}:
            module = nn.Linear(weight.shape[1], weight.shape[0], bias="bias" in held)
        elif held.keys() == {"weight", "bias", "running_mean", "running_var"}:
            module = nn.BatchNorm1d(len(weight))
        elif held.keys() == {"weight", "bias"}:
            module = nn.LayerNorm(len(weight))
        elif held.keys() == {"weight"}:
            module = nn.PReLU(len(weight))
        else:
            return None
    if any(held[name].shape != tensor.shape for name, tensor in module.state_dict().items() if name in held):
        return None
    if isinstance(module, nn.BatchNorm1d):
        module.num_batches_tracked = torch.tensor(0)
    module.load_state_dict(held, strict=False, assign=True)
    return module.eval()


def _linears(layers: Iterable[Layer]) -> list[nn.Linear]:
    return [layer.module for layer in layers if isinstance(layer.module, nn.Linear)]


def _orders(layers: Sequence[Layer], *, numbered: bool) -> Iterable[Sequence[Layer]]:
    if numbered:
        yield sorted(layers, key=lambda layer: int(layer.name))
        return
    yield layers
    linears = [layer for layer in layers if isinstance(layer.module, nn.Linear)]
    norms = [layer for layer in layers if not isinstance(layer.module, nn.Linear)]
    for order in islice(permutations(sorted(linears, key=_natural)), _ORDERS):
        yield _with_norms(list(order), sorted(norms, key=_natural))


def _with_norms(linears: Sequence[Layer], norms: list[Layer]) -> Sequence[Layer]:
    """Norms after the linear layers whose width they have, else before the first."""
    made: list[Layer] = []
    for linear in linears[:-1]:
        made.append(linear)
        fitting = next((n for n in norms if _width(n) in (1, _linears([linear])[0].out_features)), None)
        if fitting is not None:
            norms.remove(fitting)
            made.append(fitting)
    return [*norms, *made, linears[-1]]


def _natural(layer: Layer) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", layer.name)]


def _width(layer: Layer) -> int:
    weight = layer.module.weight
    assert isinstance(weight, Tensor)
    return len(weight)


def _is_chain(layers: Sequence[Layer]) -> bool:
    width = _linears(layers)[0].in_features
    for layer in layers:
        if isinstance(layer.module, nn.Linear):
            if layer.module.in_features != width:
                return False
            width = layer.module.out_features
        elif _width(layer) not in (width, 1):
            return False
    return True


def _slots(layers: Sequence[Layer], *, numbered: bool) -> Iterable[tuple[int, ...]]:
    linears = [index for index, layer in enumerate(layers) if isinstance(layer.module, nn.Linear)]
    for first, second in pairwise(linears):
        if any(isinstance(layer.module, nn.PReLU) for layer in layers[first:second]):
            continue
        places = range(first, second)
        if numbered:
            places = [i for i in places if int(layers[i + 1].name) - int(layers[i].name) > 1]  # type: ignore[assignment]
        if len(places):
            yield tuple(places)
