"""How each layer of a network keeps the picture's places: known from what the pass does, else proved by a probe."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from xai_core.models.axes import Axes, AxesMode, Axis, unsure
from xai_core.models.grid import Grid, readings
from xai_core.models.isolate import find_layer, isolated, structure_copy
from xai_core.models.place_probe import proved
from xai_core.models.structure import structure_key

Layout = Grid | str  # where the places are, or one sentence why there are none

# They give (n, c, h, w) by construction, whatever the rest of the network does, where they are given it.
_PLAIN = (nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d, nn.AvgPool2d)
_PICTURES = 3  # of a size that is found nowhere else, so that the axis of the pictures is not taken for another


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a module in a pass, in the order of return.

    output: the same number for the same tensor. shape: of the output for one picture's batch. layout: None: unknown.
    handed_on: it gave the very tensor that it got. rearranges: nothing was computed in it.
    """

    name: str
    output: int
    shape: tuple[int, ...]
    layout: Layout | None
    handed_on: bool
    rearranges: bool


@dataclass(eq=False)
class _Survey:
    """What was found out about one network for one size of inputs. parts: its modules then."""

    parts: tuple[int, ...]
    calls: tuple[Call, ...]
    proved: dict[str, Layout] = field(default_factory=dict)


_SURVEYS: WeakKeyDictionary[nn.Module, dict[tuple[int, ...], _Survey]] = WeakKeyDictionary()
_BY_STRUCTURE: OrderedDict[tuple[object, ...], _Survey] = (
    OrderedDict()
)  # so that a copy with other weights need not ask again
_MOST_STRUCTURES = 64


def calls(module: nn.Module, input_shape: Sequence[int]) -> tuple[Call, ...]:
    """Every call of a submodule that gives a tensor, in a pass over inputs (n, c, H, W); layouts as far as known.

    One pass on shapes alone where the network can make it, kept for as long as the network lives.
    """
    return _survey(module, input_shape).calls


def layouts(module: nn.Module, input_shape: Sequence[int], names: Iterable[str]) -> dict[str, Layout]:
    """The layout of each of these layers for inputs (n, c, H, W); none for a layer that does not run exactly once.

    Where the operations of the pass do not tell, a probe decides: marks at some places of a picture must show in the
    right cells. It takes real passes over nineteen pictures, once for each network and layer.
    """
    survey = _survey(module, input_shape)
    once = _once(survey.calls)
    own = {id(part): name for name, part in module.named_modules()}
    asked = {name: own.get(id(find_layer(module, name)), name) for name in names}  # a layer may have several names
    wanted = list(dict.fromkeys(name for name in asked.values() if name in once))
    open_ = {name: once[name] for name in wanted if once[name].layout is None and name not in survey.proved}
    if open_:
        size = (input_shape[2], input_shape[3])
        candidates = {name: readings(call.shape, size) for name, call in open_.items()}
        found = proved(module, input_shape, {name: some for name, some in candidates.items() if some})
        for name, call in open_.items():
            survey.proved[name] = found.get(name) or _unproved(name, call.shape, bool(candidates[name]))
    found_ = {name: once[name].layout or survey.proved[name] for name in wanted}
    return {name: found_[own_name] for name, own_name in asked.items() if own_name in found_}


def plain(part: nn.Module) -> bool:
    """Whether a module gives maps by construction: no pass is needed to know it, see `looks_plain`."""
    return isinstance(part, _PLAIN)


def looks_plain(shape: Sequence[int], input_shape: Sequence[int]) -> bool:
    """Whether the output of such a module is of the picture: as many pictures, in the picture's proportions."""
    if len(shape) != 4 or shape[0] != input_shape[0]:
        return False
    (rows, columns), (height, width) = shape[2:], input_shape[2:]
    return abs(rows * width - columns * height) <= max(height, width)  # up to one row or column


def _once(found: Sequence[Call]) -> dict[str, Call]:
    counts = Counter(call.name for call in found)
    return {call.name: call for call in found if counts[call.name] == 1}


def _survey(module: nn.Module, input_shape: Sequence[int]) -> _Survey:
    key = tuple(input_shape[1:])
    parts = tuple(map(id, module.modules()))
    kept = _SURVEYS.setdefault(module, {})
    if key not in kept or kept[key].parts != parts:
        kept[key] = _of_structure(module, key, parts)
    return kept[key]


def _of_structure(module: nn.Module, key: tuple[int, ...], parts: tuple[int, ...]) -> _Survey:
    structure = structure_key(module)
    if structure is None:
        return _Survey(parts, _surveyed(module, key))
    same = _BY_STRUCTURE.get((*structure, key))
    if same is None:
        same = _BY_STRUCTURE[*structure, key] = _Survey(parts, _surveyed(module, key))
        while len(_BY_STRUCTURE) > _MOST_STRUCTURES:
            _BY_STRUCTURE.popitem(last=False)
    return _Survey(parts, same.calls, same.proved)


def _surveyed(module: nn.Module, shape: tuple[int, ...]) -> tuple[Call, ...]:
    """Raises what the network raises when it is run on a noise picture, where it cannot run."""
    trouble: Exception | None = None
    for make in (_on_shapes, _on_numbers):
        for pictures in (_PICTURES, 1):
            try:
                found = _watched(*make(module, (pictures, *shape)))
            except Exception as error:  # networks refuse shapes and batches in ways that no list ends
                trouble = error
                continue
            if pictures == 1 or len(_once(found)) > len(found) // 4:  # else it takes its pictures one by one
                return found
    raise trouble or AssertionError


def _on_shapes(module: nn.Module, shape: tuple[int, ...]) -> tuple[nn.Module, Tensor]:
    """A copy that computes shapes but no numbers, and inputs for it."""

    def empty(tensor: Tensor) -> Tensor:
        return tensor.detach().to("meta") if tensor.is_floating_point() or tensor.is_complex() else tensor

    memo: dict[int, object] = {id(p): nn.Parameter(empty(p), requires_grad=False) for p in module.parameters()}
    memo |= {id(b): empty(b) for b in module.buffers()}
    return structure_copy(module, memo, empty), torch.empty(shape, device="meta", dtype=_kind(module).dtype)


def _on_numbers(module: nn.Module, shape: tuple[int, ...]) -> tuple[nn.Module, Tensor]:
    noise = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    return isolated(module, [name for name, _ in module.named_modules()]), noise.to(_kind(module))


def _kind(module: nn.Module) -> Tensor:
    return next((p for p in module.parameters() if p.is_floating_point()), torch.empty(0))


def _watched(copy: nn.Module, inputs: Tensor) -> tuple[Call, ...]:
    """copy: private, with hooks to spare."""
    found: list[Call] = []
    kept: list[Tensor] = []  # so that no two outputs have one id
    mode = AxesMode()
    began: list[int] = []
    n = len(inputs)

    def enter(_module: nn.Module, _args: object) -> None:
        began.append(mode.work)

    def leave(name: str, args: tuple[object, ...], output: object) -> None:
        worked = mode.work > began.pop()
        if isinstance(output, Tensor):
            kept.append(output)
            axes = mode.axes_of(output)
            known = axes is not None and not any(map(unsure, axes))
            layout = layout_of(name, axes, tuple(output.shape), n) if axes is not None and known else None
            shape = tuple(output.shape)
            handed_on = bool(args) and args[0] is output
            found.append(Call(name, id(output), shape, layout, handed_on, not worked))

    for name, part in copy.named_modules():
        if name:
            part.register_forward_pre_hook(enter)
            part.register_forward_hook(lambda _m, args, output, name=name: leave(name, args, output))
    with torch.inference_mode(False), torch.no_grad(), mode:
        mode.start(inputs)
        copy(inputs)
    return tuple(replace(call, shape=(1, *call.shape[1:]) if call.shape[:1] == (n,) else call.shape) for call in found)


def layout_of(name: str, axes: Axes, shape: tuple[int, ...], n: int) -> Layout:
    """The layout of an output whose axes are known, of a pass over n pictures."""
    if len(shape) not in (3, 4) or (not any(map(_spatial, axes)) and shape[2:] != (1, 1)):
        return f"Layer '{name}' gives {_shown(shape, n)}, in which no axis keeps the picture's rows and columns."
    first = axes[0]
    if len(first) != (n > 1) or any(part.kind != "n" for part in first) or shape[0] != n:
        return (
            f"Layer '{name}' gives {_shown(shape, n)}, whose first axis is not the pictures: windows, patches, heads "
            "or tokens stand there; choose the block around it."
        )
    if len(shape) == 4:
        if _is(axes[2], "y", shape[2]) and _is(axes[3], "x", shape[3]) and not _spread(axes[1]):
            return Grid("maps", shape[2], shape[3], shape[1])
        if _is(axes[1], "y", shape[1]) and _is(axes[2], "x", shape[2]) and not _spread(axes[3]):
            return Grid("channels_last", shape[1], shape[2], shape[3])
    elif not _spread(axes[2]):
        found = _tokens(axes[1], shape)
        if found is not None:
            return found
    if any(_tokens(axis, shape) for axis in axes):
        return (
            f"Layer '{name}' gives {_shown(shape, n)}, whose places are one axis, but not the second of three: heads, "
            "groups or channels stand before them; choose the block around it."
        )
    return (
        f"Layer '{name}' gives {_shown(shape, n)}, whose places lie in another order than the picture's rows and "
        "columns (windows, rolled or turned); choose the block around it."
    )


def _tokens(axis: Axis, shape: tuple[int, ...]) -> Grid | None:
    before = axis[0].before if len(axis) == 1 and axis[0].kind == "t" else 0
    places = axis[0].inner if len(axis) == 1 and axis[0].kind == "t" else axis
    if [part.kind for part in places] != ["y", "x"] or not all(part.whole for part in places):
        return None
    rows, columns = (part.size for part in places)
    return Grid("tokens", rows, columns, shape[2], before)


def _is(axis: Axis, kind: str, size: int) -> bool:
    """All rows, or all columns; one row of a picture that was averaged over the other."""
    return size == 1 or (len(axis) == 1 and axis[0].kind == kind and axis[0].whole)


def _spatial(axis: Axis) -> bool:
    return any(part.kind in ("y", "x", "t") for part in axis)


def _spread(axis: Axis) -> bool:
    """Whether an axis of channels holds whole rows or columns of the picture, or the pictures."""
    return any(part.kind in ("n", "t") or part.whole for part in axis)


def _unproved(name: str, shape: Sequence[int], possible: bool) -> str:
    if not possible:
        return (
            f"Layer '{name}' gives {_shown(shape, 1)}, which is no grid of the picture's places; choose another layer."
        )
    return (
        f"Layer '{name}' gives {_shown(shape, 1)}, but marks at some places of a picture do not show in the same "
        "places there, so it has no map that could be laid over the picture; choose another layer."
    )


def _shown(shape: Sequence[int], n: int) -> str:
    own = ["n" if place == 0 and size == n else str(size) for place, size in enumerate(shape)]
    return f"({', '.join(own)})"
