"""One forward pass of a network during which everything that is computed is asked what it sees of the picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from itertools import zip_longest
from typing import Any

import numpy as np
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from xai_core.forward.reach import Reach, blur, image_axis, nothing, shaped, union
from xai_core.forward.reach_call import Call
from xai_core.forward.reach_rules import reaches

Axes = tuple[Reach, ...]  # of rows and of columns; empty for a tensor that does not depend on the picture
_NOTHING = nothing(-1, ())
_PARTS = "values written into parts of a tensor, which this analysis cannot follow,"


class ReachPass(TorchDispatchMode):
    """Inside this block, in this thread, all that is computed from `picture` (n, c, H, W) is followed.

    Values do not matter. Tensors are told apart by identity and therefore held as long as this object lives.
    """

    def __init__(self, image: Tensor) -> None:
        super().__init__()
        self.known: dict[int, tuple[Tensor, Axes]] = {}
        self.sharing: defaultdict[int, set[int]] = defaultdict(set)  # storage -> the known tensors that live in it
        self.written: dict[int, tuple[object, Axes]] = {}  # storage -> all that was ever written into it in place
        self._keep(image, tuple(image_axis(tuple(image.shape), dim) for dim in (-2, -1)))

    def axes(self, tensor: Any) -> Axes:
        """What a tensor sees of the picture's rows and columns; empty where it does not depend on the picture."""
        if not isinstance(tensor, Tensor):
            return ()
        if id(tensor) in self.known:
            return self.known[id(tensor)][1]
        shared = self.written[_storage(tensor)][1] if self.written and _storage(tensor) in self.written else ()
        return tuple(shaped(reach, tuple(tensor.shape)) for reach in shared)

    def __torch_dispatch__(
        self, func: Any, _types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        given = _given(func, args, kwargs or {})
        outputs = [t for t in (result if isinstance(result, list | tuple) else (result,)) if isinstance(t, Tensor)]
        calls = [Call(func, given, outputs, partial(self._axis, k)) for k in (0, 1)]
        if calls[0].seen():
            targets = {id(given[name]) for name in _targets(func)}
            for output, *found in zip(outputs, *(reaches(call) for call in calls), strict=True):
                axes = tuple(shaped(reach, tuple(output.shape)) for reach in found if reach)
                (self._overwrite if id(output) in targets else self._keep)(output, axes)
        return result

    def _axis(self, k: int, tensor: Any) -> Reach | None:
        axes = self.axes(tensor)
        return axes[k] if axes else None

    def _keep(self, tensor: Tensor, axes: Axes) -> None:
        self.known[id(tensor)] = (tensor, axes)
        self.sharing[_storage(tensor)].add(id(tensor))

    def _overwrite(self, tensor: Tensor, axes: Axes) -> None:
        """After an in-place operation, other tensors in the same memory hold what was written, somewhere."""
        before, key = self.axes(tensor), _storage(tensor)
        if any(not np.array_equal(a.span, b.span) for a, b in zip_longest(before, axes, fillvalue=_NOTHING)):
            blurred = tuple(blur(reach, _PARTS) for reach in axes)
            for other in self.sharing[key] - {id(tensor)}:
                self._keep(self.known[other][0], _united(self.known[other][1], blurred))
            earlier = self.written[key][1] if key in self.written else ()
            self.written[key] = (tensor.untyped_storage(), _united(earlier, blurred))
        self._keep(tensor, axes)


def _storage(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata


def _united(some: Axes, others: Axes) -> Axes:
    return tuple(union(pair) for pair in zip(some, others, strict=True)) if some and others else some or others


def _given(func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments by name, in the order of the schema, defaults filled in."""
    defaults = _defaults(func)
    return {**defaults, **dict(zip(defaults, args, strict=False)), **kwargs}


@lru_cache(maxsize=1024)
def _defaults(func: Any) -> dict[str, Any]:
    return {a.name: a.default_value if a.has_default_value() else None for a in func._schema.arguments}


@lru_cache(maxsize=1024)
def _targets(func: Any) -> list[str]:
    """The arguments that the operation overwrites."""
    return [a.name for a in func._schema.arguments if a.alias_info is not None and a.alias_info.is_write]
