"""Which architecture do these weights belong to, by their names and shapes; and the network filled with them."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from torch import Tensor, nn

from xai_core.errors import ModelError
from xai_core.models.sources.checkpoint.architectures import (
    Architecture,
    Shapes,
    body_digests,
    build,
    children_up_to,
    features_of,
    index,
    place_of,
    shapes_of,
)
from xai_core.models.sources.checkpoint.body import Body, Level, bodies, levels
from xai_core.models.sources.checkpoint.head import Head, built_head, main_head, read_head
from xai_core.models.sources.checkpoint.pooling import Pooled, between, chain_of, pooled
from xai_core.models.sources.checkpoint.stem import SMALL, fit_stem, other_kernel

_POOLS_ITSELF = "classification_head."  # segmentation_models_pytorch's, over the encoder's last maps
# Of the training, or for masks: no class's score depends on them.
_UNUSED = re.compile(r"^(criterion|metric|n_averaged$|class_weights?$|decoder|segmentation_head|aux\d?\.|AuxLogits|"
                     r"train_|val_|test_)|loss|num_batches_tracked$")  # fmt: skip
_COUNTER = "num_batches_tracked"  # of training steps; some files have it, some not, and no answer depends on it


@dataclass(frozen=True, eq=False)
class Proposal:
    """architecture: what fits. tensors: its own, by its own names, with the head where that is one plain layer.
    classes, channels: as the head and the first convolution say. notes: what was done to the names, a sentence each.

    head: what stands in place of the module `place` of the architecture; None where the head is its own.
    pooled: the body's layers, a pooling and the head one after another; None where the architecture itself joins them.
    stem: how the first layers step, as assumed, where the architecture does not say; None where it does.
    side: of the input, where the file's positions are for another than the architecture's own.
    unplaced: names beside the network that nothing is known of; the answers are wrong if it uses them.
    """

    architecture: Architecture
    tensors: Mapping[str, Tensor]
    classes: int
    channels: int
    head: Head | None = None
    place: str = ""
    pooled: Pooled | None = None
    stem: str | None = None
    side: int | None = None
    unplaced: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def recognise(tensors: Mapping[str, Tensor]) -> tuple[Proposal, ...]:
    """All architectures whose weights look so, torchvision's first; none where no name or shape pattern is known.

    Several fit where libraries share a design, or where two differ in what leaves no trace in the weights (padding).
    """
    order = {entry.key: place for place, entry in enumerate(index())}
    for level in levels(tensors):
        found = _exact(level) or [made for body in bodies(level) if (made := _with_head(level, body)) is not None]
        if level.dialect and level.dialect.only:
            found = [one for one in found if one.architecture.key.startswith(level.dialect.only)] or found
        if found:
            noted = (replace(proposal, notes=(*_notes(level), *proposal.notes)) for proposal in found)
            return tuple(sorted(noted, key=lambda proposal: order[proposal.architecture.key]))
    return ()


def _notes(level: Level) -> list[str]:
    taken = [f"The prefix '{prefix}.' was taken off the names." for prefix in level.taken_off]
    return taken + ([f"The names are those of {level.dialect.library}."] if level.dialect else [])


def _left_out(names: Sequence[str]) -> tuple[str, ...]:
    left = sorted(name for name in names if not name.endswith(_COUNTER))
    if not left:
        return ()
    several = "tensors were" if len(left) > 1 else "tensor was"
    return (f"{len(left)} {several} left out: {', '.join(left[:3])}{' …' if len(left) > 3 else ''}.",)


@cache
def _tables() -> dict[tuple[str, ...], dict[str, list[Architecture]]]:
    """Entries by their heads, then by the digest of their names."""
    tables: dict[tuple[str, ...], dict[str, list[Architecture]]] = {}
    for entry in index():
        tables.setdefault(entry.heads, {}).setdefault(entry.names, []).append(entry)
    return tables


def _exact(level: Level) -> list[Proposal]:
    """Those whose tensors these are, but for what their heads are."""
    shapes = {name: tuple(tensor.shape) for name, tensor in level.inside.items()}
    found = []
    for heads, by_names in _tables().items():
        names, _ = body_digests(shapes, heads, ())
        for entry in by_names.get(names, ()):
            if body_digests(shapes, entry.heads, entry.stems)[1] == entry.shapes:
                found.append(_own_head(level, entry, shapes))
    beside = [*level.outside]
    return [replace(one, unplaced=_used(beside), notes=_left_out(beside)) for one in found if one is not None]


def _used(names: Iterable[str]) -> tuple[str, ...]:
    """Those of the names that may be of layers that the answer depends on."""
    return tuple(name for name in names if not _UNUSED.search(name))


def _own_head(level: Level, entry: Architecture, shapes: Shapes) -> Proposal | None:
    """The head is where the architecture has it: its own, or a stack of layers in its place."""
    head = entry.heads[0]
    stem = _stem(entry, shapes, level)
    if f"{head}.weight" in shapes:
        classes = shapes[f"{head}.weight"][0]
        if any(shapes.get(f"{other}.weight", (classes,))[0] != classes for other in entry.heads[1:]):
            return None  # heads for the training alone that were left as they were
        return Proposal(entry, level.inside, classes, _channels(entry, shapes), stem=stem)
    stack = read_head({n: t for n, t in level.inside.items() if n.startswith(f"{head}.")})
    if stack is None:
        return None
    kept = {n: t for n, t in level.inside.items() if not n.startswith(f"{head}.")}
    return Proposal(entry, kept, stack.classes, _channels(entry, shapes), stack, head, stem=stem)


def _with_head(level: Level, body: Body) -> Proposal | None:
    """A head beside the body, or in place of more than the architecture's last layer."""
    entry, shapes = body.architecture, {name: tuple(tensor.shape) for name, tensor in body.tensors.items()}
    channels, beside = _channels(entry, shapes), {**body.rest, **level.outside}
    place, width = place_of(entry), features_of(entry)
    own_pooling = any(name.startswith(_POOLS_ITSELF) for name in beside)
    how: Pooled | None = None
    head, left = (None, ()) if body.chain or own_pooling else main_head(beside, [width])
    if head is None:
        head, how, left = _pooled_head(entry, channels, body, beside, whole_body=not own_pooling)
    if head is None or _used(name for name in left if name in body.rest):
        return None
    unplaced = _used(name for name in left if name in level.outside)
    kept = body.tensors
    if how:
        first = set(children_up_to(build(entry.key, 2), how.last))
        kept = {name: tensor for name, tensor in kept.items() if name.partition(".")[0] in first}
        left = (*left, *(name for name in body.tensors if name not in kept))
    return Proposal(
        entry, kept, head.classes, channels, head, place, how, _stem(entry, shapes, level), body.side, unplaced,
        _left_out(left),
    )  # fmt: skip


def _pooled_head(
    entry: Architecture, channels: int, body: Body, beside: Mapping[str, Tensor], *, whole_body: bool
) -> tuple[Head | None, Pooled | None, tuple[str, ...]]:
    """A head that reads what a pooling gives; the body may end sooner where the file joins them in its own way."""
    chain = body.chain or chain_of(body.tensors)
    filled = {name.partition(".")[0] for name in body.tensors}
    ends = [child for child in chain if child in filled][::-1]
    for last in ends[:1] if whole_body else ends:
        widths: dict[int, Pooled] = {}
        for width in _widths(beside):
            how = pooled(entry, channels, last, width)
            if how:
                widths[width] = how
        head, left = main_head(beside, sorted(widths, key=lambda width: widths[width].grid or 0))
        if head is not None:
            return head, widths[head.inputs], left
    return None, None, ()


def _widths(tensors: Mapping[str, Tensor]) -> set[int]:
    return {tensor.shape[1] for tensor in tensors.values() if tensor.ndim == 2}


def _stem(entry: Architecture, shapes: Shapes, level: Level) -> str | None:
    if level.dialect and level.dialect.stem:
        return level.dialect.stem
    return SMALL if other_kernel(entry, shapes) else None


def _channels(entry: Architecture, shapes: Shapes) -> int:
    given = {shapes[f"{stem}.weight"][1] for stem in entry.stems if len(shapes.get(f"{stem}.weight", ())) == 4}
    return given.pop() if len(given) == 1 else 3


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


def network_of(proposal: Proposal) -> nn.Module:
    """The architecture with these weights as float32, in eval mode; float32 ones share the memory of the file's.

    What weights do not tell is left to `untold.settle`. ModelError says which tensors do not fit.
    """
    entry, tensors = proposal.architecture, proposal.tensors
    network = build(entry.key, proposal.classes, proposal.channels, empty=False, side=proposal.side)
    if proposal.stem:
        fit_stem(network, entry, tensors, proposal.stem)
    if proposal.pooled:
        network = nn.Sequential(OrderedDict(children_up_to(network, proposal.pooled.last)))
    elif proposal.head:
        network.set_submodule(proposal.place, nn.Identity())
    wrong = misfit(network, tensors, entry.heads[1:])
    if wrong is not None:
        raise ModelError(f"The weights do not fit {entry.key}: {wrong}.")
    filled = network.state_dict()  # with the versions of its modules, which some of them ask for
    wanted = {n: t for n, t in tensors.items() if not n.endswith(_COUNTER)}
    filled.update({n: t.to(filled[n].dtype).contiguous() for n, t in wanted.items()})
    network.load_state_dict(filled, assign=True)
    if proposal.pooled and proposal.head:
        for name, layer in (between(proposal.pooled) | {"head": built_head(proposal.head)}).items():
            network.add_module(name, layer)
    elif proposal.head:
        network.set_submodule(proposal.place, built_head(proposal.head))
    return network.eval()


def chosen(entry: Architecture, tensors: Mapping[str, Tensor]) -> Proposal:
    """The proposal for an architecture that the user names; ModelError where the head is not found in the file."""
    fitting = next((one for one in recognise(tensors) if one.architecture == entry), None)
    if fitting is not None:
        return fitting
    level = max(levels(tensors), key=lambda level: _known(entry, level))
    shapes = {name: tuple(tensor.shape) for name, tensor in level.inside.items()}
    made = _own_head(level, entry, shapes)
    if made is None:
        raise ModelError(
            f"The weights do not fit {entry.key}: the file lacks '{entry.heads[0]}.weight', which counts classes."
        )
    return made


def _known(entry: Architecture, level: Level) -> int:
    """How many of a level's names the architecture has."""
    return len(level.inside.keys() & shapes_of(build(entry.key, 2)).keys())
