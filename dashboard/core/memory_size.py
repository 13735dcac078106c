"""How much memory a result keeps alive: what a budget in bytes counts."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass

import numpy as np
import torch
from torch import nn


def bytes_of(*things: object, besides: nn.Module | None = None) -> int:
    """Bytes of all arrays, tensors and texts within `things`, memory that is shared counted once.

    A tensor keeps what its gradient needs: that counts too. besides: a network whose own weights do not count.
    """
    blocks: dict[int, int] = {}
    known = {pointer for pointer, _ in _weights(besides)} if besides is not None else set()
    seen: set[int] = set()
    alive = list(things)  # kept until the end: an address may be given again
    for thing in alive:
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        blocks.update(_own(thing))
        alive += _parts(thing)
    return sum(size for pointer, size in blocks.items() if pointer not in known)


def _own(thing: object) -> Iterable[tuple[int, int]]:
    """Address and size of the memory that the thing itself holds."""
    if isinstance(thing, torch.Tensor):
        return [_storage(thing)]
    if isinstance(thing, np.ndarray):
        return [(thing.__array_interface__["data"][0], thing.nbytes)]
    if isinstance(thing, nn.Module):
        return _weights(thing)
    return [(id(thing), len(thing))] if isinstance(thing, bytes | str) else ()


def _parts(thing: object) -> Iterator[object]:
    if isinstance(thing, torch.Tensor):
        yield thing.grad_fn
    elif isinstance(thing, torch.autograd.graph.Node):
        yield from (node for node, _ in thing.next_functions)
        yield from (_saved(thing, name) for name in dir(thing) if name.startswith("_saved_"))
    elif isinstance(thing, Mapping):
        yield from thing.values()
    elif isinstance(thing, list | tuple | set | frozenset):
        yield from thing
    elif is_dataclass(thing) and not isinstance(thing, type):
        yield from (getattr(thing, field.name) for field in fields(thing))


def _saved(node: torch.autograd.graph.Node, name: str) -> object:
    try:
        return getattr(node, name)
    except RuntimeError:  # freed after a backward pass
        return None


def _weights(module: nn.Module) -> list[tuple[int, int]]:
    return [_storage(tensor) for tensor in (*module.parameters(), *module.buffers())]


def _storage(tensor: torch.Tensor) -> tuple[int, int]:
    storage = tensor.untyped_storage()
    return storage.data_ptr(), storage.nbytes()
