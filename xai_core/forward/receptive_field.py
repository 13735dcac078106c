"""Receptive fields: which pixels of the input can change a unit, for all layers of a network from one pass.

A network is followed below its modules, where `nn.Conv2d`, `F.conv2d` and `x.relu_()` have all become a few hundred
elementary operations with fixed argument names; so it does not matter how its author wrote it down. Each family of
operations has a rule, which says what its outputs see of one axis of the image (`AxisField`) from what its arguments
see. The file goes from the outside in: the public functions, the pass, the table of rules, and the rules themselves.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, partial
from itertools import zip_longest
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from xai_core.errors import LayerError, ModelError
from xai_core.forward import axis_field
from xai_core.forward.axis_field import AxisField, Outside, Resampling, blur, gather, join, mix, move, union
from xai_core.models.isolate import isolated
from xai_core.types import ReceptiveField

Axes = tuple[AxisField, ...]  # of rows and of columns; empty for a tensor that does not depend on the image

AVERAGE = "an average over all places"
ATTENTION = "attention between all places"
LINEAR = "a fully connected layer over all places"
NORM = "a normalisation over all places"
PARTS = "values written into parts of a tensor, which this analysis cannot follow,"


def receptive_field(module: nn.Module, layer: str, input_size: Sequence[int]) -> ReceptiveField:
    """The receptive field of one layer; see `receptive_fields`.

    >>> import xai_core as xai
    >>> from torch import nn
    >>> network = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1))
    >>> field = xai.receptive_field(network, "2", (32, 32))
    >>> field.size, field.stride, field.box((0, 0))
    ((7, 7), (2, 2), Box(left=0, top=0, right=4, bottom=4))
    """
    return receptive_fields(module, [layer], input_size)[layer]


def receptive_fields(module: nn.Module, layers: Sequence[str], input_size: Sequence[int]) -> dict[str, ReceptiveField]:
    """The receptive fields of `layers` for inputs of `input_size`, (height, width) or (channels, height, width).

    One pass without values serves all layers. Channels are those of the first convolution, where they are not given.
    A unit's field is that of all channels together: in a concatenation, the widest branch counts. What the image
    changes only through Python numbers (`x.max().item()`, or an `if` that asks for it) is not seen.
    LayerError: no such layer, or it runs not exactly once, or its output is no feature map of the image.
    ModelError: the network cannot run on that size.
    """
    size = _input_shape(module, input_size)
    outputs = _follow(module, layers, size)
    fields = {}
    for name in layers:
        if not outputs[name]:
            raise LayerError(f"Layer '{name}' did not run in this network's forward pass; choose another layer.")
        if len(outputs[name]) > 1:
            raise LayerError(f"Layer '{name}' runs more than once in a pass, each time with another receptive field.")
        fields[name] = _field(name, outputs[name][0], size[1:])
    return fields


def _input_shape(module: nn.Module, size: Sequence[int]) -> tuple[int, int, int]:
    if len(size) not in (2, 3) or min(size) < 1:
        raise ModelError(f"An input size is (height, width) or (channels, height, width); {tuple(size)} was given.")
    if len(size) == 3:
        return size[0], size[1], size[2]
    first = next((part for part in module.modules() if isinstance(part, nn.Conv2d)), None)
    return first.in_channels if first else 3, size[0], size[1]


def _follow(module: nn.Module, layers: Sequence[str], size: tuple[int, int, int]) -> dict[str, list[Axes]]:
    """Without storage first; a network that looks at values on its way then runs on a black image."""
    names = [*(name for name, _ in module.named_modules()), *layers]
    try:
        return _pass(_hollow(isolated(module, names).eval()), layers, size)
    except Exception:
        copy = isolated(module, names).eval()
    try:
        return _pass(copy, layers, size)
    except Exception as error:
        raise ModelError(
            f"The network cannot run on an input of {size} (channels, height, width): {error}. "
            "Give all three numbers as it was made for."
        ) from error


def _hollow(copy: nn.Module) -> nn.Module:
    """The same network with tensors that have shapes and no storage."""
    for part in copy.modules():
        places: tuple[dict[str, Any], ...] = (part._parameters, part._buffers, part.__dict__)
        for owned in places:
            owned.update({name: t.detach().to("meta") for name, t in owned.items() if isinstance(t, Tensor)})
    return copy


def _pass(copy: nn.Module, layers: Sequence[str], size: tuple[int, int, int]) -> dict[str, list[Axes]]:
    """What each run of each layer sees; `copy` gets hooks."""
    tensors = [*copy.parameters(), *copy.buffers()]
    like = next((t for t in tensors if t.is_floating_point()), torch.zeros(0))
    seen: dict[str, list[Axes]] = {name: [] for name in layers}
    with torch.inference_mode(False), torch.no_grad():
        image = torch.zeros(1, *size, dtype=like.dtype, device=like.device)
        mode = _FieldPass(image)
        for name, found in seen.items():
            copy.get_submodule(name).register_forward_hook(
                lambda _module, _inputs, output, found=found: found.append(mode.axes(output))
            )
        with mode:
            copy(image)
    return seen


def _field(name: str, axes: Axes, input_size: tuple[int, int]) -> ReceptiveField:
    _refuse(name, axes)
    grid = axes[0].shape[2:] or (1, 1)
    spans = [_over_channels(axis.span, grid) for axis in axes]
    windows = [_over_channels(axis.span if axis.window is None else axis.window, grid) for axis in axes]
    boxes = _boxes(*spans)
    return ReceptiveField(
        size=_pair(int((end - first).max()) for first, end in windows),
        stride=_pair(0 if axis.window is None else _plain(axis.stride) for axis in axes),
        start=_pair(int(first[0, 0]) for first, _end in windows),
        input_size=input_size,
        boxes=boxes,
        windows=_boxes(*windows),
        reason=_reason(axes, boxes, input_size),
    )


def _refuse(name: str, axes: Axes) -> None:
    what = None
    if not axes:
        what = "does not depend on the picture, or gives no tensor"
    elif len(axes[0].shape) not in (2, 4):
        what = f"gives {axes[0].shape}"
    elif len(axes[0].shape) == 4 and axes[1].span.shape[-1] == 1 < axes[1].span.shape[-2]:
        what = f"gives {axes[0].shape} with the channels last"  # columns run along the last dimension but one
    if what:
        raise LayerError(f"Layer '{name}' {what}; a receptive field needs feature maps (n, c, h, w).")


def _over_channels(span: np.ndarray, grid: tuple[int, ...]) -> np.ndarray:
    """First place and exclusive end, int64 (2, h, w), over all channels; 0 and 0 for a unit that sees nothing."""
    hull = span.reshape(2, -1, *(span.shape[3:] or (1, 1))).min(1)
    first, end = np.broadcast_to(hull, (2, *grid))
    return np.where(first < axis_field.NOWHERE // 2, [first, -end], 0)


def _boxes(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """int64 (h, w, 4); a unit that sees no row sees no column either."""
    seen = (rows[0] < rows[1]) & (columns[0] < columns[1])
    boxes: np.ndarray = np.stack([columns[0], rows[0], columns[1], rows[1]], axis=-1) * seen[..., None]
    return boxes


def _pair(numbers: Iterable[float]) -> tuple[float, float]:
    rows, columns = numbers
    return rows, columns


def _plain(number: float) -> float:
    return int(number) if number == int(number) else float(number)


def _reason(axes: Axes, boxes: np.ndarray, input_size: tuple[int, int]) -> str | None:
    """Why every unit sees the whole image, None where that is not so."""
    if (boxes != boxes[0, 0]).any():
        return None
    cause = next((axis.cause for axis in axes if axis.cause), None)
    if cause:
        return f"Every unit sees the whole picture: there is {cause} on the way to it."
    if tuple(boxes[0, 0]) == (0, 0, input_size[1], input_size[0]):
        return "Every unit sees the whole picture: its windows together are wider than the picture."
    return None


class _FieldPass(TorchDispatchMode):
    """Inside this block, in this thread, all that is computed from `image` (n, c, H, W) is followed.

    Values do not matter. Tensors are told apart by identity and therefore held as long as this object lives.
    """

    def __init__(self, image: Tensor) -> None:
        TorchDispatchMode.__init__(self)
        self.known: dict[int, tuple[Tensor, Axes]] = {}
        self.sharing: defaultdict[int, set[int]] = defaultdict(set)  # storage -> the known tensors that live in it
        self.written: dict[int, tuple[object, Axes]] = {}  # storage -> all that was ever written into it in place
        self._keep(image, tuple(axis_field.image_axis(tuple(image.shape), dim) for dim in (-2, -1)))

    def axes(self, tensor: Any) -> Axes:
        """What a tensor sees of the image's rows and columns; empty where it does not depend on the image."""
        if not isinstance(tensor, Tensor):
            return ()
        if id(tensor) in self.known:
            return self.known[id(tensor)][1]
        shared = self.written[_storage(tensor)][1] if self.written and _storage(tensor) in self.written else ()
        return tuple(axis_field.shaped(field, tuple(tensor.shape)) for field in shared)

    def __torch_dispatch__(
        self, func: Any, _types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        given = {**_defaults(func), **dict(zip(_defaults(func), args, strict=False)), **(kwargs or {})}
        outputs = [t for t in (result if isinstance(result, list | tuple) else (result,)) if isinstance(t, Tensor)]
        calls = [_Call(func, given, outputs, partial(self._axis, k)) for k in (0, 1)]
        if calls[0].fields():
            targets = {id(given[name]) for name in _targets(func)}
            for output, *found in zip(outputs, *(_fields_of(call) for call in calls), strict=True):
                axes = tuple(axis_field.shaped(field, tuple(output.shape)) for field in found if field)
                (self._overwrite if id(output) in targets else self._keep)(output, axes)
        return result

    def _axis(self, k: int, tensor: Any) -> AxisField | None:
        axes = self.axes(tensor)
        return axes[k] if axes else None

    def _keep(self, tensor: Tensor, axes: Axes) -> None:
        self.known[id(tensor)] = (tensor, axes)
        self.sharing[_storage(tensor)].add(id(tensor))

    def _overwrite(self, tensor: Tensor, axes: Axes) -> None:
        """After an in-place operation, other tensors in the same memory hold what was written, somewhere."""
        before, key, nothing = self.axes(tensor), _storage(tensor), axis_field.nothing(-1, ())
        if any(not np.array_equal(a.span, b.span) for a, b in zip_longest(before, axes, fillvalue=nothing)):
            blurred = tuple(blur(field, PARTS) for field in axes)
            for other in self.sharing[key] - {id(tensor)}:
                self._keep(self.known[other][0], _united(self.known[other][1], blurred))
            earlier = self.written[key][1] if key in self.written else ()
            self.written[key] = (tensor.untyped_storage(), _united(earlier, blurred))
        self._keep(tensor, axes)


def _storage(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def _united(some: Axes, others: Axes) -> Axes:
    return tuple(union(pair) for pair in zip(some, others, strict=True)) if some and others else some or others


@lru_cache(maxsize=1024)
def _defaults(func: Any) -> dict[str, Any]:
    """The arguments of an operation by name, in the order of its schema."""
    return {a.name: a.default_value if a.has_default_value() else None for a in func._schema.arguments}


@lru_cache(maxsize=1024)
def _targets(func: Any) -> list[str]:
    """The arguments that the operation overwrites."""
    return [a.name for a in func._schema.arguments if a.alias_info is not None and a.alias_info.is_write]


@dataclass(frozen=True, eq=False)
class _Call:
    """One call of an elementary operation, as its rule gets to see it.

    func: the operation. given: its arguments by their names in its schema. outputs: the tensors that it gave.
    at: what an argument sees of one axis of the image; None where it does not depend on the image.
    """

    func: torch._ops.OpOverload
    given: Mapping[str, Any]
    outputs: Sequence[Tensor]
    at: Callable[[Any], AxisField | None]

    @property
    def name(self) -> str:
        """ "relu" for aten.relu as well as for its in-place form aten.relu_."""
        return self.func._schema.name.removeprefix("aten::").removesuffix("_")

    def tensors(self) -> list[Tensor]:
        """All tensors among the arguments."""
        values = [v for value in self.given.values() for v in (value if isinstance(value, list | tuple) else (value,))]
        return [value for value in values if isinstance(value, Tensor)]

    def fields(self) -> list[AxisField]:
        """What the arguments that depend on the image see; never empty where a rule asks."""
        return [field for tensor in self.tensors() if (field := self.at(tensor)) is not None]

    def dims(self) -> list[int]:
        """The argument `dim` as negative numbers; all dimensions of the first operand where it is missing."""
        rank = len(self.fields()[0].shape)
        dims = self.given.get("dim")
        given = [dims] if isinstance(dims, int) else list(dims or range(rank))
        return [dim - rank if dim >= 0 else dim for dim in given]


# One field for all outputs, or one for each; None for what does not depend on the image.
_Rule = Callable[[_Call], AxisField | Sequence[AxisField | None] | None]


def _fields_of(call: _Call) -> list[AxisField | None]:
    """What each output of a call sees of one axis, where at least one of its arguments sees something."""
    try:
        found = _rule(call)(call)
    except (LookupError, TypeError, ValueError, RuntimeError):
        found = _unknown(call)  # a form of the operation that its rule does not foresee
    if found is None or isinstance(found, AxisField):
        return [found] * len(call.outputs)
    return [*found, *[None] * (len(call.outputs) - len(found))]


def _rule(call: _Call) -> _Rule:
    if call.name in _RULES:
        return _RULES[call.name]
    if torch.Tag.pointwise in call.func.tags:
        return _pointwise
    return _attention if call.name.startswith("_scaled_dot_product") else _unknown


def _unknown(call: _Call) -> AxisField:
    """Whatever no rule is known for counts as seeing everything, and says so."""
    cause = f"the operation '{call.name}', which this analysis cannot follow,"
    return union([blur(field, cause) for field in call.fields()])


def _pointwise(call: _Call) -> AxisField:
    return union(call.fields())


def _fresh(_call: _Call) -> None:
    """Only the shape of the argument is used, not its values."""


def _batch_norm(call: _Call) -> AxisField:
    """Fixed statistics change no place; those of the image itself (instance normalisation) mix all of them."""
    (field, *_others) = call.fields()
    rank = len(field.shape)
    return mix(field, [dim for dim in range(-rank, 0) if dim != 1 - rank], NORM) if call.given["training"] else field


def _layer_norm(call: _Call) -> AxisField:
    return mix(call.fields()[0], range(-len(call.given["normalized_shape"]), 0), NORM)


def _group_norm(call: _Call) -> AxisField:
    (field, *_others) = call.fields()
    return mix(field, range(1 - len(field.shape), 0), NORM)


def _reduced(call: _Call) -> AxisField:
    return mix(call.fields()[0], call.dims(), AVERAGE, keepdim=bool(call.given.get("keepdim")))


def _along(call: _Call) -> AxisField:
    """Softmax, cumulative sums, sorting: the dimension stays, and everything along it counts."""
    return mix(call.fields()[0], call.dims(), ATTENTION)


def _product(call: _Call) -> AxisField:
    """Matrix products: each element sees its row of the first and its column of the second; a summand stays itself."""
    *summands, first, second = (call.at(tensor) for tensor in call.tensors())
    cause = ATTENTION if first and second else LINEAR
    found = [*summands, first and mix(first, [-1], cause), second and mix(second, [-2], cause)]
    return union([field for field in found if field])


def _attention(call: _Call) -> list[AxisField | None]:
    """A fused kernel: the result sees its own query, and all keys and values."""
    query, *others = (call.at(call.given[name]) for name in ("query", "key", "value"))
    found = [query and mix(query, [-1], ATTENTION), *(other and mix(other, [-2, -1], ATTENTION) for other in others)]
    return [union([field for field in found if field])]


def _convolution(call: _Call) -> AxisField:
    """Also transposed; where the weights were computed from the image, each place depends on what they saw."""
    given = call.given
    found = [blur(field, AVERAGE) for name in ("weight", "bias") if (field := call.at(given[name]))]
    field = call.at(given["input"])
    if field:
        kernel = list(given["weight"].shape[2:])
        steps = [_each(given[name], len(kernel)) for name in ("stride", "padding", "dilation")]
        found.append(_slide(call, mix(field, [-len(kernel) - 1], LINEAR), kernel, *steps))
    return union(found)


def _pool(call: _Call) -> AxisField:
    """Maxima and averages over windows; where rounding up adds one, the output's size says so."""
    n_axes = int(call.name.split("pool")[1][0])
    kernel = _each(call.given["kernel_size"], n_axes)
    stride = _each(call.given["stride"] or kernel, n_axes)
    padding, dilation = (_each(call.given.get(name, 1), n_axes) for name in ("padding", "dilation"))
    return _slide(call, call.fields()[0], kernel, stride, padding, dilation)


def _slide(
    call: _Call, field: AxisField, kernel: list[int], stride: list[int], padding: list[int], dilation: list[int]
) -> AxisField:
    transposed = bool(call.given.get("transposed"))
    windows = axis_field.transposed_windows if transposed else axis_field.windows
    for k, window in enumerate(zip(kernel, stride, padding, dilation, strict=True)):
        dim = k - len(kernel)
        places = windows(call.outputs[0].shape[dim], *window)
        field = gather(field, dim, places, 1 / stride[k] if transposed else stride[k])
    return field


def _each(value: int | Sequence[int], n: int) -> list[int]:
    """One number for each axis, where a single one may stand for all."""
    given = [value] if isinstance(value, int) else list(value)
    return given * n if len(given) == 1 else given


def _adaptive_pool(call: _Call) -> AxisField:
    """As many windows as are asked for."""
    (field, *_others), sizes = call.fields(), call.given["output_size"]
    for dim, n_out in zip(range(-len(sizes), 0), sizes, strict=True):
        n_in = field.shape[dim]
        if n_out == 1:
            field = mix(field, [dim], AVERAGE)
        else:
            field = gather(field, dim, axis_field.bins(n_out, n_in), n_in / n_out)
    return field


_RESAMPLING: dict[str, Resampling] = {
    "upsample_nearest2d": "nearest",
    "_upsample_nearest_exact2d": "nearest_exact",
    "upsample_bilinear2d": "linear",
    "upsample_bicubic2d": "cubic",
}


def _resample(call: _Call) -> AxisField:
    """Upsampling by repetition or interpolation."""
    (field, *_others), given = call.fields(), call.given
    scales = given.get("scale_factors") or (given.get("scales_h"), given.get("scales_w"))
    for dim, scale in zip((-2, -1), scales, strict=True):
        n_in, n_out = field.shape[dim], call.outputs[0].shape[dim]
        ratio = 1 / Fraction(scale).limit_denominator(10**6) if scale else Fraction(n_in, n_out)
        places = axis_field.resampled(n_out, n_in, ratio, _RESAMPLING[call.name], bool(given.get("align_corners")))
        field = gather(field, dim, places, float(ratio), "nearest")
    return field


def _moved(call: _Call) -> list[AxisField]:
    """The operation itself says what went where: it runs once more, on the elements' numbers."""
    (first, *_rest), (field, *_others) = call.given, call.fields()
    others = {name: value for name, value in call.given.items() if name != first}
    if call.name in ("view", "_unsafe_view", "reshape"):
        return move(field, lambda numbers: numbers.reshape(others["size"]))
    functional = getattr(getattr(torch.ops.aten, call.name), call.func._overloadname)
    return move(field, lambda numbers: functional(numbers, **others))


def _padded(call: _Call) -> AxisField:
    """Pairs of sizes, the last dimension first."""
    (field, *_others) = call.fields()
    sizes = call.given["pad"] if call.name == "constant_pad_nd" else call.given["padding"]
    outside: Outside = "nothing"
    if call.name != "constant_pad_nd":
        outside = "nearest" if call.name.startswith("replication") else "reflected"
    for k in range(len(sizes) // 2):
        places = np.arange(-sizes[2 * k], field.shape[-1 - k] + sizes[2 * k + 1])
        field = gather(field, -1 - k, places[:, None], 1, outside)
    return field


def _joined(call: _Call) -> AxisField:
    """Along channels every channel counts as seeing what any does; along places each keeps its own."""
    (dim,) = call.dims()
    places = call.outputs[0].ndim == 4 and dim >= -2  # also for the axis that does not run along them
    if not places and all(_same_along(field, dim) for field in call.fields()):
        return union(call.fields())
    axis = call.fields()[0].axis
    operands = call.given["tensors"]
    return join([call.at(tensor) or axis_field.nothing(axis, tuple(tensor.shape)) for tensor in operands], dim)


def _stacked(call: _Call) -> AxisField:
    """A new dimension, along which every element counts as seeing what any does."""
    dim = call.given["dim"]
    return union([move(field, lambda numbers: numbers.unsqueeze(dim))[0] for field in call.fields()])


def _picked(call: _Call) -> AxisField:
    """Choosing channels by number changes nothing; choosing places by number is not followed."""
    (field, *others) = call.fields()
    indices = call.given.get("indices", [call.given.get("index")])
    chosen = [d for d, index in enumerate(indices) if index is not None and index.ndim == 1]
    dims = call.dims() if "dim" in call.given else [dim - len(field.shape) for dim in chosen]
    same_rank = call.outputs[0].ndim == len(field.shape)
    return field if len(dims) == 1 and same_rank and not others and _same_along(field, dims[0]) else _unknown(call)


def _same_along(field: AxisField, dim: int) -> bool:
    return field.span.shape[dim] == 1 and (field.shape[dim] > 1 or dim != field.axis)


# By the names of torch's operations. Whatever is tagged as pointwise by PyTorch needs no entry.
_FAMILIES: tuple[tuple[_Rule, str], ...] = (
    (_pointwise, "_to_copy detach alias lift_fresh hardswish _prelu_kernel rsub dropout native_dropout"),
    (_pointwise, "rrelu_with_noise log_sigmoid_forward masked_fill where _native_batch_norm_legit_no_training"),
    (_fresh, "empty_like zeros_like ones_like full_like rand_like randn_like zero"),
    (_fresh, "new_empty new_zeros new_ones new_full new_empty_strided"),
    (lambda call: call.at(call.given["src"]), "copy"),
    (lambda call: call.at(call.given["value"]), "fill"),
    (_batch_norm, "native_batch_norm _native_batch_norm_legit cudnn_batch_norm"),
    (_layer_norm, "native_layer_norm _fused_rms_norm"),
    (_group_norm, "native_group_norm"),
    (_reduced, "mean sum prod amax amin max min argmax argmin var std var_mean std_mean logsumexp any all"),
    (_reduced, "linalg_vector_norm norm"),
    (_along, "_softmax _log_softmax _safe_softmax cumsum sort topk"),
    (_product, "mm bmm addmm baddbmm"),
    (_convolution, "convolution"),
    (_pool, "avg_pool1d avg_pool2d avg_pool3d max_pool2d max_pool2d_with_indices max_pool3d_with_indices"),
    (_adaptive_pool, "_adaptive_avg_pool2d adaptive_avg_pool2d adaptive_max_pool2d _adaptive_avg_pool3d"),
    (_resample, " ".join(_RESAMPLING)),
    (_moved, "view _unsafe_view reshape permute transpose t expand unsqueeze squeeze select slice split"),
    (_moved, "split_with_sizes unbind flip roll repeat unfold pixel_shuffle pixel_unshuffle"),
    (_padded, "constant_pad_nd reflection_pad2d replication_pad2d"),
    (_joined, "cat"),
    (_stacked, "stack"),
    (_picked, "index index_select"),
)
_RULES = {name: rule for rule, names in _FAMILIES for name in names.split()}
