"""Which architecture do these weights belong to, by their names and shapes; and the network filled with them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn

from xai_core.errors import ModelError
from xai_core.models.sources.checkpoint.architectures import (
    Architecture,
    Shapes,
    body_digests,
    build,
    index,
    shapes_of,
)

_COUNTER = "num_batches_tracked"  # of training steps; some files have it, some not, and no answer depends on it


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


@dataclass(frozen=True)
class Misfit:
    """What keeps weights from an architecture: names it lacks, names it does not know, and (name, file, network)."""

    missing: tuple[str, ...]
    unknown: tuple[str, ...]
    shapes: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]

    def __str__(self) -> str:
        parts = [f"the file lacks {_some(self.missing)}"] if self.missing else []
        parts += [f"the network has no {_some(self.unknown)}"] if self.unknown else []
        parts += [
            f"'{name}' is {given} in the file, {wanted} in the network" for name, given, wanted in self.shapes[:3]
        ]
        parts += [f"{len(self.shapes) - 3} more shapes differ"] if len(self.shapes) > 3 else []
        return "; ".join(parts)


def _some(names: tuple[str, ...]) -> str:
    """The first three in quotes, and how many more there are."""
    listed = ", ".join(f"'{name}'" for name in names[:3])
    return f"{listed} and {len(names) - 3} more" if len(names) > 3 else listed


def misfit(network: nn.Module, tensors: Mapping[str, Tensor], optional: tuple[str, ...] = ()) -> Misfit | None:
    """How the tensors differ from the network's own; None where all fit. optional: heads that may be missing."""
    wanted = {n: s for n, s in shapes_of(network).items() if not n.endswith(_COUNTER)}
    given = {n: tuple(t.shape) for n, t in tensors.items() if not n.endswith(_COUNTER)}
    may_lack = tuple(f"{head}." for head in optional)
    missing = tuple(n for n in wanted if n not in given and not (may_lack and n.startswith(may_lack)))
    unknown = tuple(n for n in given if n not in wanted)
    shapes = tuple((n, given[n], wanted[n]) for n in wanted if n in given and given[n] != wanted[n])
    return Misfit(missing, unknown, shapes) if missing or unknown or shapes else None


def network_of(proposal: Proposal, tensors: Mapping[str, Tensor]) -> nn.Module:
    """The architecture with these weights as float32, in eval mode; float32 ones share the memory of `tensors`.

    What weights do not tell is left to `untold.settle`. ModelError says which tensors do not fit.
    """
    entry = proposal.architecture
    network = build(entry.key, proposal.classes, proposal.channels, empty=False)
    if proposal.head_layers != ("",):
        _replace_head(network, entry.heads[0], proposal.head_layers, tensors)
    wrong = misfit(network, tensors, entry.heads[1:])
    if wrong is not None:
        raise ModelError(f"The weights do not fit {entry.key}: {wrong}.")
    filled = network.state_dict()  # with the versions of its modules, which some of them ask for
    wanted = {n: t for n, t in tensors.items() if not n.endswith(_COUNTER)}
    filled.update({n: t.to(filled[n].dtype).contiguous() for n, t in wanted.items()})
    network.load_state_dict(filled, assign=True)
    return network.eval()


def chosen(entry: Architecture, tensors: Mapping[str, Tensor]) -> Proposal:
    """The proposal for an architecture that the user names; ModelError where the head is not found in the file."""
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    layers = head_layers(shapes, entry.heads[0])
    if not layers:
        raise ModelError(
            f"The weights do not fit {entry.key}: the file lacks '{entry.heads[0]}.weight', which counts classes."
        )
    last = f"{entry.heads[0]}.{layers[-1]}.weight" if layers[-1] else f"{entry.heads[0]}.weight"
    stem = next((f"{s}.weight" for s in entry.stems if len(shapes.get(f"{s}.weight", ())) == 4), None)
    return Proposal(entry, shapes[last][0], shapes[stem][1] if stem else 3, layers)


def _replace_head(network: nn.Module, head: str, layers: tuple[str, ...], tensors: Mapping[str, Tensor]) -> None:
    """A sequence in place of the plain head, as fine-tuners put there: linear layers, and nothing yet between them."""
    parts: list[nn.Module] = []
    for layer in layers:
        while len(parts) < int(layer):
            parts.append(nn.Identity())
        weight = tensors[f"{head}.{layer}.weight"]
        if weight.ndim != 2:
            raise ModelError(f"The head '{head}' is a sequence with '{head}.{layer}', which is no linear layer.")
        parts.append(nn.Linear(weight.shape[1], weight.shape[0], bias=f"{head}.{layer}.bias" in tensors))
    parent, _, leaf = head.rpartition(".")
    with torch.no_grad():
        setattr(network.get_submodule(parent), leaf, nn.Sequential(*parts))
