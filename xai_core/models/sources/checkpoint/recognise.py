"""Which architecture do these weights belong to? Answered from names and shapes, without building a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from torch import Tensor

from xai_core.models.sources.checkpoint.architectures import Architecture, Shapes, body_digests, index


@dataclass(frozen=True)
class Proposal:
    """architecture: what fits. classes, channels: as the head and the first convolution say.
    head_layers: names of the head's own weights below the head, ("",) for one plain layer.
    """

    architecture: Architecture
    classes: int
    channels: int
    head_layers: tuple[str, ...]


def recognise(tensors: Mapping[str, Tensor]) -> tuple[Proposal, ...]:
    """All architectures whose weights look so, torchvision's first; none where no name or shape pattern is known.

    Several fit where libraries share a design, or where two differ in what leaves no trace in the weights (padding).
    """
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    found = []
    for heads, by_names in _tables().items():
        names, _ = body_digests(shapes, heads, ())
        found += [_propose(entry, shapes) for entry in by_names.get(names, ())]
    order = {entry.key: place for place, entry in enumerate(index())}
    fitting = [proposal for proposal in found if proposal is not None]
    return tuple(sorted(fitting, key=lambda proposal: order[proposal.architecture.key]))


@cache
def _tables() -> dict[tuple[str, ...], dict[str, list[Architecture]]]:
    """Entries by their heads, then by the digest of their names."""
    tables: dict[tuple[str, ...], dict[str, list[Architecture]]] = {}
    for entry in index():
        tables.setdefault(entry.heads, {}).setdefault(entry.names, []).append(entry)
    return tables


def _propose(entry: Architecture, shapes: Shapes) -> Proposal | None:
    if body_digests(shapes, entry.heads, entry.stems)[1] != entry.shapes:
        return None
    layers = head_layers(shapes, entry.heads[0])
    if not layers:
        return None
    last = f"{entry.heads[0]}.{layers[-1]}.weight" if layers[-1] else f"{entry.heads[0]}.weight"
    channels = {shapes[f"{stem}.weight"][1] for stem in entry.stems if len(shapes.get(f"{stem}.weight", ())) == 4}
    return Proposal(entry, shapes[last][0], channels.pop() if len(channels) == 1 else 3, layers)


def head_layers(shapes: Shapes, head: str) -> tuple[str, ...]:
    """Names below the head of the layers with a weight matrix: ("",) for a plain layer, ("1", "4") in a sequence."""
    if f"{head}.weight" in shapes:
        return ("",)
    below = (n.removeprefix(f"{head}.").removesuffix(".weight") for n in shapes if n.startswith(f"{head}."))
    numbers = {n for n in below if n.isdigit() and len(shapes[f"{head}.{n}.weight"]) in (2, 4)}
    return tuple(sorted(numbers, key=int))
