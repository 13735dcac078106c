"""The network that a Keras configuration describes, with its weights, from PyTorch's layers under Keras's names."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor, nn

from xai_core.errors import ModelError
from xai_core.models.sources.keras import operations as own
from xai_core.models.sources.keras.layers import AUGMENTATIONS, LAYERS, Given, Made, activation_of
from xai_core.models.sources.keras.reading import KerasFile, Place
from xai_core.models.sources.keras.settings import Settings, plain, policy
from xai_core.models.sources.layer_parts import filled
from xai_core.models.sources.wired_network import Plan, WiredNetwork, steps_of

SIDE = 224  # pixels of an input whose size the file leaves open
_MOST_STEPS = 5_000
_MOST_LAYERS = 5_000  # of one model
_MOST_NUMBERS = 2**28  # of one layer's answer
_MOST_IN_ALL = 2**31  # of all answers to one picture
_MOST_PRODUCTS = 2 * 10**12  # of one picture: a hundred times EfficientNet-B7's
_MODELS = ("Functional", "Sequential", "Model")
_OPERATIONS = ("keras.src.ops", "keras.ops")
_AS_ONNX = "Export it to ONNX: model.export('model.onnx', format='onnx')."

Ending = Literal["softmax", "sigmoid", "none"]
Reference = tuple[str, int, int]


@dataclass(frozen=True, eq=False)
class KerasNetwork:
    """network: pictures (n, c, H, W) to scores. outputs: how many numbers that is.

    ending: what was taken off the end. left_out: kinds of augmentation layers. scaled: whether a layer prepares the
    pixels. names: of the models and layers within, for what is known of them.
    """

    network: WiredNetwork
    input_size: tuple[int, int]
    channels: int
    outputs: int
    ending: Ending
    left_out: tuple[str, ...]
    scaled: bool
    half: bool
    names: tuple[str, ...]


@dataclass(frozen=True)
class Value:
    """Something that a layer gives: its name in the plan, and its shape as it is held here, for one picture."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class _Node:
    """One call of a layer. arguments: as they stand in the file, with a Reference for each tensor."""

    layer: Mapping[str, Any]
    number: int
    arguments: tuple[Any, ...]
    training: bool


@dataclass(eq=False)
class _Building:
    """What was built so far."""

    file: KerasFile
    layers: dict[str, nn.Module] = field(default_factory=dict)
    made: dict[tuple[str, str], str | None] = field(default_factory=dict)  # {(path, part): layer's name in the network}
    shapes: dict[tuple[str, tuple[tuple[int, ...], ...]], tuple[int, ...]] = field(default_factory=dict)
    taken: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    numbers: int = 0
    products: int = 0
    scaled: bool = False
    half: bool = False


def network_of(file: KerasFile) -> KerasNetwork:
    """The network in eval mode. ModelError: a layer that is not known, or in a form that is not; no picture to read."""
    shape = _input_shape(file.config)
    building = _Building(file)
    try:
        given = Value("picture", shape)
        (output,) = _outputs(_call_model(building, file.config, (), (), [given], False))
    except ModelError:
        raise
    except RecursionError as error:
        raise ModelError("The network's models are nested too deeply; it is refused.") from error
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        # A stranger's configuration can be wrong in ways that no list ends.
        said = plain(" ".join(str(error).split())) or type(error).__name__
        raise ModelError(f"The network's configuration does not fit together ({said}). {_AS_ONNX}") from error
    file.refuse_unused()
    taken, last, ending = _without_ending(building, output)
    used = {name for name, _, _ in taken}
    layers = {name: layer for name, layer in building.layers.items() if name in used}
    plan = Plan("picture", steps_of(taken, last, ()), last, channels_last=False)
    network = WiredNetwork(plan, layers, {}).eval().requires_grad_(False)
    return KerasNetwork(
        network, (shape[2], shape[3]), shape[1], math.prod(output.shape[1:]), ending,
        tuple(dict.fromkeys(building.left_out)), building.scaled, building.half, tuple(building.names),
    )  # fmt: skip


def _outputs(values: Sequence[Value]) -> Sequence[Value]:
    if len(values) != 1:
        raise ModelError(f"The network has {len(values)} outputs, and one is read; save a model with the one you want.")
    return values


def _without_ending(
    building: _Building, output: Value
) -> tuple[list[tuple[str, tuple[str, ...], tuple[str, ...]]], str, Ending]:
    """The calls up to the scores, and what they give: a final softmax or sigmoid is taken off."""
    name, inputs, outputs = building.taken[-1] if building.taken else ("", (), ())
    if outputs == (output.name,):
        layer = building.layers[name]
        if isinstance(layer, nn.Softmax):
            return building.taken[:-1], inputs[0], "softmax"
        if isinstance(layer, nn.Sigmoid):
            return building.taken[:-1], inputs[0], "sigmoid"
    return building.taken, output.name, "none"


def _input_shape(config: Mapping[str, Any]) -> tuple[int, int, int, int]:
    """(1, c, H, W) of the pictures that the outermost model reads."""
    for shape in _shapes(config):
        if not isinstance(shape, list) or len(shape) != 4:
            count = len(shape) if isinstance(shape, list) else 0
            raise ModelError(
                f"The network's input has {count} axes; pictures have four: batch, height, width, channels."
            )
        height, width = (SIDE if side is None else side for side in shape[1:3])
        channels = shape[3]
        if channels not in (1, 3) or not all(type(side) is int and 8 <= side <= 2048 for side in (height, width)):
            shown = " × ".join(str(side or "?")[:9] for side in shape)
            raise ModelError(f"The model reads {shown}; a picture has 1 or 3 channels and sides of 8 to 2048 pixels.")
        return 1, channels, height, width
    raise ModelError("The file does not say how large a picture the network reads; build it before it is saved.")


def _shapes(config: Mapping[str, Any]) -> Iterator[Any]:
    """What may say the shape of the input, the best place first."""
    inner = config.get("config")
    layers = _layers(config)
    if config.get("class_name") not in _MODELS:
        raise ModelError(
            f"The network is a class of its own ({plain(str(config.get('class_name')))}), whose code is not in the "
            f"file. {_AS_ONNX}"
        )
    inputs = [one for one in layers if one.get("class_name") == "InputLayer"]
    if config.get("class_name") != "Sequential" and len(inputs) != 1:
        raise ModelError(f"The network has {len(inputs)} inputs; a classifier of pictures has one.")
    for one in (inputs or layers)[:1]:
        entries = one.get("config")
        if isinstance(entries, dict):
            yield from (entries[key] for key in ("batch_shape", "batch_input_shape") if entries.get(key))
        if one.get("class_name") in _MODELS:
            yield from _shapes(one)
    if isinstance(inner, dict) and inner.get("build_input_shape"):
        yield inner["build_input_shape"]
    for built in (config.get("build_config"), *(one.get("build_config") for one in layers[:1])):
        if isinstance(built, dict) and built.get("input_shape"):
            yield built["input_shape"]


def _layers(model: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    inner = model.get("config")
    layers = inner if isinstance(inner, list) else inner.get("layers") if isinstance(inner, dict) else None
    if not isinstance(layers, list) or not all(isinstance(one, dict) for one in layers):
        raise ModelError("The network's configuration lists no layers; save the whole model.")
    if len(layers) > _MOST_LAYERS:
        raise ModelError(f"A model of the file has {len(layers)} layers; up to {_MOST_LAYERS} are read.")
    return layers


def _call_model(
    building: _Building,
    model: Mapping[str, Any],
    names: tuple[str, ...],
    path: tuple[str, ...],
    inputs: Sequence[Value],
    training: bool,
) -> list[Value]:
    """The model's outputs for these inputs, its layers called one after another."""
    layers = _layers(model)
    places = _places(layers, names, path)
    inner = model["config"]
    building.names.append(str(inner.get("name", "")) if isinstance(inner, dict) else "")
    if model.get("class_name") == "Sequential":
        values = list(inputs)
        for layer, place in zip(layers, places, strict=True):
            if layer.get("class_name") != "InputLayer":
                values = _call(building, layer, place, tuple(values), training)
        return values
    known: dict[Reference, Value] = {}
    ports = _references(inner["input_layers"])
    if len(ports) != len(inputs):
        raise ModelError(f"A model of the file is given {len(inputs)} inputs and reads {len(ports)}; it is refused.")
    known.update(zip(ports, inputs, strict=True))
    where = {str(_name(layer)): place for layer, place in zip(layers, places, strict=True)}
    waiting = [node for layer in layers for node in _nodes(layer)]
    while waiting:
        later = []
        for node in waiting:
            wanted = list(_wanted(node.arguments))
            if any(reference not in known for reference in wanted):
                later.append(node)
                continue
            name = str(_name(node.layer))
            given = tuple(_with_values(one, known) for one in node.arguments)
            made = _call(building, node.layer, where[name], given, training or node.training)
            known.update({(name, node.number, i): value for i, value in enumerate(made)})
        if len(later) == len(waiting):
            break
        waiting = later
    return [known[reference] for reference in _references(inner["output_layers"])]


def _places(layers: Sequence[Mapping[str, Any]], names: tuple[str, ...], path: tuple[str, ...]) -> list[Place]:
    """Archives count the layers of a class: conv2d, conv2d_1, ..."""
    counts: dict[str, int] = {}
    places = []
    for layer in layers:
        kind = _snake_case(str(layer.get("class_name")))
        count = counts.get(kind, 0)
        if not _is_operation(layer):
            counts[kind] = count + 1
        places.append(Place((*names, str(_name(layer))), (*path, f"{kind}_{count}" if count else kind)))
    return places


def _snake_case(name: str) -> str:
    """As Keras writes a class's name."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _name(layer: Mapping[str, Any]) -> Any:
    inner = layer.get("config")
    return layer.get("name") or (inner.get("name") if isinstance(inner, dict) else None)


def _is_operation(layer: Mapping[str, Any]) -> bool:
    """Whether it is a calculation on tensors; an .h5 file does not say so, but its layers say more of themselves."""
    module, entries = layer.get("module"), layer.get("config")
    if module is None:
        return isinstance(entries, dict) and "trainable" not in entries and layer.get("class_name") in _CALLED
    return str(module).startswith(_OPERATIONS)


def _call(
    building: _Building, layer: Mapping[str, Any], place: Place, arguments: tuple[Any, ...], training: bool
) -> list[Value]:
    """One layer, model or operation."""
    kind = str(layer.get("class_name"))
    inputs = list(_values(arguments))
    if len(building.taken) > _MOST_STEPS or not inputs:
        raise ModelError("The network's configuration is no network of ordinary size; it is refused.")
    if kind in _MODELS:
        return _call_model(building, layer, place.names, place.path, inputs, training)
    entries = layer.get("config")
    if not isinstance(entries, dict):
        raise ModelError(f"The layer '{plain(place.names[-1])}' has no configuration; save the model again.")
    if kind in AUGMENTATIONS and not _foreign(layer):
        building.left_out.append(kind)
        return inputs[:1]
    old = _OLD_CALCULATIONS.get(str(entries.get("function"))) if kind == "TFOpLambda" else None
    if old is not None:
        return [_operation(building, old, {"name": entries.get("name")}, place, arguments, inputs)]
    if _is_operation(layer):
        return [_operation(building, kind, entries, place, arguments, inputs)]
    if kind not in LAYERS or _foreign(layer):
        raise ModelError(_unknown(kind, place))
    building.half = building.half or policy(entries.get("dtype")).endswith("float16")
    activation = entries.get("activation") if kind != "Activation" else None
    rest = {key: value for key, value in entries.items() if key != "activation" or kind == "Activation"}

    def first() -> Made:
        settings = Settings(kind, rest)
        shapes = [value.shape for value in inputs]
        made = LAYERS[kind](Given(settings, shapes, building.file.weights(place), building.file.major, training))
        settings.done()
        return made

    building.scaled = building.scaled or kind in ("Rescaling", "Normalization")
    value = _step(building, place, "", inputs, first)

    def second() -> Made:
        return activation_of(activation, Given(Settings(kind, rest), [value.shape], (), building.file.major))

    if activation in (None, "linear"):
        return [value]
    told = activation if isinstance(activation, str) else "activation"
    return [_step(building, place, told, [value], second)]


def _foreign(layer: Mapping[str, Any]) -> bool:
    """Whether a layer says that it is somebody's own, perhaps under the name of one that is known."""
    module, registered = layer.get("module"), layer.get("registered_name")
    ours = module is None or str(module).partition(".")[0] in ("keras", "builtins")
    known = registered in (None, layer.get("class_name")) or str(layer.get("class_name")) in _OF_APPLICATIONS
    return not (ours and known)


_OF_APPLICATIONS = ("LayerScale", "StochasticDepth", "CustomScaleLayer")


def _unknown(kind: str, place: Place) -> str:
    if kind == "Lambda":
        return (
            f"The layer '{plain(place.names[-1])}' is a Lambda: it holds a program, which would have to be run, so the "
            f"file stays shut. {_AS_ONNX}"
        )
    return f"The layer '{plain(place.names[-1])}' is a {plain(kind)}, which is not read. {_AS_ONNX}"


def _step(building: _Building, place: Place, part: str, inputs: Sequence[Value], make: Callable[[], Made]) -> Value:
    """Call a layer, which is made where this is its first call, and say what it gives."""
    key = ("/".join(place.names), part)
    if key not in building.made:
        made = make()
        building.made[key] = None
        if made.layer is not None:
            name = _free_name(building, place, part)
            building.made[key], building.layers[name] = name, made.layer
            shape = _shape_of(building, name, inputs)
            _fill(made, place)
            return _append(building, name, inputs, shape)
    name_ = building.made[key]
    if name_ is None:
        return inputs[0]
    return _append(building, name_, inputs, _shape_of(building, name_, inputs))


def _append(building: _Building, name: str, inputs: Sequence[Value], shape: tuple[int, ...]) -> Value:
    value = Value(f"{len(building.taken)}", shape)
    building.taken.append((name, tuple(one.name for one in inputs), (value.name,)))
    return value


def _free_name(building: _Building, place: Place, part: str) -> str:
    parts = [re.sub(r"[^\w-]", "_", one)[:80] or "layer" for one in place.names]
    parts = [f"{one}_" if hasattr(nn.Module, one) else one for one in parts]
    name = ".".join(parts) + (f"_{part}" if part else "")
    while any(name == one or name.startswith(f"{one}.") or one.startswith(f"{name}.") for one in building.layers):
        name += "_"
    return name


def _shape_of(building: _Building, name: str, inputs: Sequence[Value]) -> tuple[int, ...]:
    """What the layer gives for one picture, worked out without numbers; ModelError where that is too much."""
    layer, key = building.layers[name], (name, tuple(value.shape for value in inputs))
    if key not in building.shapes:
        with torch.no_grad():
            given = [torch.empty(value.shape, device="meta") for value in inputs]
            building.shapes[key] = tuple(_on_meta(layer).eval()(*given).shape)
    shape = building.shapes[key]
    count = math.prod(shape)
    weights = sum(p.numel() for p in layer.parameters() if p.ndim > 1)
    building.numbers += count
    building.products += weights * (math.prod(shape[2:]) if len(shape) == 4 else math.prod(shape[1:-1]))
    if count > _MOST_NUMBERS or building.numbers > _MOST_IN_ALL or building.products > _MOST_PRODUCTS:
        raise ModelError("The network makes more of one picture than any classifier does; it is refused.")
    if len(shape) > 5 or shape[:1] != (1,):
        raise ModelError("The network mixes pictures with each other; it is refused.")
    return shape


def _on_meta(layer: nn.Module) -> nn.Module:
    """The layer itself where it has no storage yet, else a copy without."""
    tensors = (*layer.parameters(), *layer.buffers())
    if all(tensor.is_meta for tensor in tensors):
        return layer
    memo = {id(tensor): _like(tensor) for tensor in tensors}
    return copy.deepcopy(layer, memo)


def _like(tensor: Tensor) -> Tensor:
    empty = torch.empty_like(tensor, device="meta")
    return nn.Parameter(empty, requires_grad=False) if isinstance(tensor, nn.Parameter) else empty


def _fill(made: Made, place: Place) -> None:
    """Put the weights in. ModelError where one has another shape than the layer."""
    assert made.layer is not None
    for dotted, value in made.weights.items():
        holder, _, name = dotted.rpartition(".")
        part = made.layer.get_submodule(holder)
        if getattr(part, name).shape != value.shape:
            raise ModelError(
                f"The stored weights of the layer '{plain(place.names[-1])}' have another shape than it says."
            )
        filled(part, **{name: value})


# Calculations on tensors, as `keras.applications.*.preprocess_input` and ordinary arithmetic leave them in the graph.


def _clipped(x: Tensor, low: float, high: float) -> Tensor:
    return x.clamp(low, high)


_CALCULATIONS: dict[str, Callable[..., Tensor]] = {
    "Add": torch.add,
    "Subtract": lambda x, y: x - y,
    "Multiply": torch.mul,
    "Divide": lambda x, y: x / y,
    "TrueDivide": lambda x, y: x / y,
    "Negative": torch.neg,
    "Clip": _clipped,
}
_FUNCTIONS: dict[str, Callable[[], nn.Module]] = {
    "Relu": nn.ReLU, "Relu6": nn.ReLU6, "Sigmoid": nn.Sigmoid, "Tanh": nn.Tanh, "Silu": nn.SiLU, "HardSigmoid":
    nn.Hardsigmoid, "HardSilu": nn.Hardswish, "Softplus": nn.Softplus, "Selu": nn.SELU,
}  # fmt: skip
# As Keras 2 names them, in layers that it calls TFOpLambda though they hold no program.
_OLD_CALCULATIONS = {
    "math.truediv": "TrueDivide", "math.divide": "Divide", "math.subtract": "Subtract", "__operators__.sub": "Subtract",
    "math.multiply": "Multiply", "__operators__.mul": "Multiply", "math.add": "Add", "__operators__.add": "Add",
    "nn.bias_add": "Add", "nn.relu": "Relu", "nn.relu6": "Relu6", "nn.silu": "Silu",
}  # fmt: skip
_CALLED = {*_CALCULATIONS, *_FUNCTIONS, "Stack", "GetItem"}


def _operation(
    building: _Building,
    kind: str,
    entries: Mapping[str, Any],
    place: Place,
    arguments: tuple[Any, ...],
    inputs: Sequence[Value],
) -> Value:
    def make() -> Made:
        settings = Settings(kind, entries)
        if kind in _FUNCTIONS and len(arguments) == 1:
            settings.done()
            return Made(_FUNCTIONS[kind](), {})
        if kind == "Stack" and entries.get("axis") == -1 and all(len(value.shape) == 3 for value in inputs):
            return Made(own.Stack(), {})
        if kind == "GetItem" and len(arguments) == 2 and len(inputs) == 1:
            return Made(own.Channel(_channel(settings, arguments[1])), {})
        if kind not in _CALCULATIONS:
            raise ModelError(_unknown(f"calculation ({kind})", place))
        settings.done()
        template = [None if isinstance(one, Value) else _constant(settings, one) for one in arguments]
        return Made(own.Calculation(_CALCULATIONS[kind], template), {})

    building.scaled = building.scaled or inputs[0].name == "picture"
    return _step(building, place, "", inputs, make)


def _channel(settings: Settings, index: Any) -> int:
    """Of `x[..., 2]`."""
    whole = isinstance(index, list) and len(index) == 2 and isinstance(index[0], dict)
    if not whole or index[0].get("class_name") != "__ellipsis__" or type(index[1]) is not int:
        raise settings.refused("indices")
    return int(index[1])


def _constant(settings: Settings, value: Any) -> Any:
    """A number as it is; an array as nested tuples."""
    inner = value.get("config") if isinstance(value, dict) else None
    if isinstance(inner, dict) and value.get("class_name") in ("__tensor__", "__numpy__"):
        value = inner.get("value")
    if isinstance(value, list):
        tensor = torch.tensor(value, dtype=torch.float32)
        if tensor.numel() > 4096:
            raise settings.refused("a large constant")
        return _nested(tensor.tolist())
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise settings.refused("its arguments")
    return value


def _nested(values: Any) -> Any:
    return tuple(map(_nested, values)) if isinstance(values, list) else values


# What a model's configuration says of how its layers are called, in Keras 3's words and in Keras 2's.


def _nodes(layer: Mapping[str, Any]) -> list[_Node]:
    if layer.get("class_name") == "InputLayer":
        return []
    calls = layer.get("inbound_nodes")
    if not isinstance(calls, list):
        raise ModelError("The network's configuration does not say how its layers hang together; save it again.")
    return [_node(layer, number, call) for number, call in enumerate(calls)]


def _node(layer: Mapping[str, Any], number: int, call: Any) -> _Node:
    if isinstance(call, dict):
        named = call.get("kwargs") or {}
        told = {key: value for key, value in named.items() if key not in ("training", "mask")}
        arguments = (*call.get("args", ()), *told.values())
        return _Node(layer, number, tuple(_read(one) for one in arguments), named.get("training") is True)
    entries = [call] if _is_reference(call) else call
    named = entries[0][3] if len(entries[0]) > 3 and isinstance(entries[0][3], dict) else {}
    told = {key: value for key, value in named.items() if key not in ("training", "mask", "name", "data_format")}
    if told.keys() - {"y", "bias"}:
        raise ModelError(_unknown(str(layer.get("class_name")), Place((str(_name(layer)),), ("",))))
    arguments = (*entries, *told.values())
    references = tuple((str(a[0]), int(a[1]), int(a[2])) if _is_reference(a) else a for a in arguments)
    return _Node(layer, number, references, named.get("training") is True)


def _is_reference(value: Any) -> bool:
    return isinstance(value, list) and len(value) >= 3 and isinstance(value[0], str)


def _read(value: Any) -> Any:
    """An argument with a Reference for each tensor; lists of tensors stay lists."""
    if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        name, node, number = value["config"]["keras_history"]
        return str(name), int(node), int(number)
    return [_read(one) for one in value] if isinstance(value, list) else value


def _references(ports: Any) -> list[Reference]:
    """Of "input_layers" and "output_layers": one, or any nesting of them."""
    if _is_reference(ports):
        return [(str(ports[0]), int(ports[1]), int(ports[2]))]
    inner = ports.values() if isinstance(ports, dict) else ports
    return [reference for one in inner for reference in _references(one)]


def _wanted(argument: Any) -> Iterator[Reference]:
    if isinstance(argument, tuple) and len(argument) == 3 and isinstance(argument[0], str):
        yield argument
    elif isinstance(argument, list | tuple):
        for one in argument:
            yield from _wanted(one)


def _with_values(argument: Any, known: Mapping[Reference, Value]) -> Any:
    if isinstance(argument, tuple) and len(argument) == 3 and isinstance(argument[0], str):
        return known[argument]
    return [_with_values(one, known) for one in argument] if isinstance(argument, list) else argument


def _values(argument: Any) -> Iterator[Value]:
    if isinstance(argument, Value):
        yield argument
    elif isinstance(argument, list | tuple):
        for one in argument:
            yield from _values(one)
