"""The body of a known architecture somewhere in a table of tensors, under its own names or another library's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from torch import Tensor

from xai_core.models.sources.checkpoint.architectures import (
    Architecture,
    Shapes,
    body_digests,
    index,
    with_input_side,
)
from xai_core.models.sources.checkpoint.dialects import CHAINS, Dialect, numbered, translated

_DEEPEST = 6  # wrappers around a network
_ENCODERS = ("encoder", "backbone")  # beside decoders that may hold more tensors
_FEWEST, _MOST = 20, 5000  # tensors of a body; the largest network of timm has about half of the second
_MOST_LEFT = 4  # groups of names after the body, such as fc1, bn1 and fc2
_HEADS = ("fc", "classifier", "head", "heads", "last_linear", "linear", "head_dist", "aux1", "aux2", "AuxLogits",
          "classification_head", "class_layers")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Level:
    """What stands below a wrapper's name, and what beside it. taken_off: the names of the wrappers, in order.

    dialect: whose names `inside` had before they were translated.
    """

    inside: Mapping[str, Tensor]
    outside: Mapping[str, Tensor]
    taken_off: tuple[str, ...]
    dialect: Dialect | None = None


@dataclass(frozen=True, eq=False)
class Body:
    """An architecture's tensors but its heads', under its own names.

    rest: of the tensors beside them. chain: the children by number, () where the file has the architecture's names.
    side: of the square input that the file's positions are for, None for the architecture's own.
    """

    architecture: Architecture
    tensors: Mapping[str, Tensor]
    rest: Mapping[str, Tensor]
    chain: tuple[str, ...] = ()
    side: int | None = None


def levels(tensors: Mapping[str, Tensor]) -> Iterator[Level]:
    """The table itself, then what stands below the name that most of its tensors begin with, and so on."""
    inside, outside = dict(tensors), dict[str, Tensor]()
    taken_off: tuple[str, ...] = ()
    for _ in range(_DEEPEST):
        named, dialect = translated(inside)
        yield Level(named, outside, taken_off, dialect)
        count: dict[str, int] = {}
        for name in inside:
            first, dot, _ = name.partition(".")
            count[first] = count.get(first, 0) + bool(dot)
        known = next((first for first in _ENCODERS if count.get(first, 0) >= _FEWEST), "")
        first = known or max(count, key=count.__getitem__, default="")
        if not known and 2 * count.get(first, 0) <= len(inside):
            return
        beside = {name: tensor for name, tensor in inside.items() if not name.startswith(f"{first}.")}
        inside = {n.removeprefix(f"{first}."): t for n, t in inside.items() if n.startswith(f"{first}.")}
        outside, taken_off = beside | outside, (*taken_off, first)


def bodies(level: Level) -> list[Body]:
    """The architectures whose body a level holds, in its own names or by the numbers of its children."""
    found: dict[str, Body] = {}
    if len(level.inside) > _MOST:
        return []
    for kept, rest in _splits(level.inside):
        for body in _matches(kept, rest):
            found.setdefault(body.architecture.key, body)
    for chain in () if found else CHAINS:
        named, others = numbered(level.inside, chain)
        for kept, rest in _splits(named) if named else ():
            for body in _matches(kept, {**rest, **others}):
                found.setdefault(body.architecture.key, Body(body.architecture, kept, body.rest, chain, body.side))
    return list(found.values())


def _splits(tensors: Mapping[str, Tensor]) -> Iterator[tuple[dict[str, Tensor], dict[str, Tensor]]]:
    """(body, rest): without the usual names of heads, then without the last few groups that hold no convolution."""
    groups: dict[str, list[str]] = {}
    for name in tensors:
        groups.setdefault(name.partition(".")[0], []).append(name)
    flat = [first for first, names in groups.items() if all(tensors[name].ndim < 4 for name in names)]
    usual = {first for first in groups if first in _HEADS}
    last = list(groups)[::-1]
    tried = set()
    tails = [last[:count] for count in range(min(_MOST_LEFT, len(last) - 1) + 1)]
    for dropped in (usual, *({*tail} for tail in tails if all(first in flat for first in tail))):
        if frozenset(dropped) not in tried:
            tried.add(frozenset(dropped))
            kept = {n: t for n, t in tensors.items() if n.partition(".")[0] not in dropped}
            yield kept, {n: t for n, t in tensors.items() if n not in kept}
    nested = {n: t for n, t in tensors.items() if not n.startswith(("head.fc.", "head.l."))}
    if len(nested) < len(tensors):
        yield nested, {n: t for n, t in tensors.items() if n not in nested}


def _matches(kept: Mapping[str, Tensor], rest: Mapping[str, Tensor]) -> Iterator[Body]:
    shapes = {name: tuple(tensor.shape) for name, tensor in kept.items()}
    names = body_digests(shapes, (), ())[0]
    fitting = [
        (entry, None) for entry in _bodies().get(names, ()) if body_digests(shapes, (), entry.stems)[1] == entry.body[1]
    ]
    for entry, side in fitting or _resized(names, shapes):
        yield Body(entry, kept, rest, side=side)


@cache
def _bodies() -> dict[str, list[Architecture]]:
    """Entries by the digest of their names without any head."""
    table: dict[str, list[Architecture]] = {}
    for entry in index():
        table.setdefault(entry.body[0], []).append(entry)
    return table


def _resized(names: str, shapes: Shapes) -> Iterator[tuple[Architecture, int | None]]:
    """Those that fit at another input size, which the number of positions tells."""
    if not any("pos_embed" in name for name in shapes):
        return
    for entry in _bodies().get(names, ()):
        side = with_input_side(entry, shapes)
        if side is not None:
            yield entry, side
