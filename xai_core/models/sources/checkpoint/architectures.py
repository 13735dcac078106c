"""torchvision's and timm's image classifiers by name: building them empty, and an index to recognise their weights by.

`python -m xai_core.models.sources.checkpoint.architectures` makes the index again, for newer libraries.
"""

import hashlib
import json
import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import nn

from xai_core.errors import ModelError

INDEX = Path(__file__).with_name("architectures.json")
Shapes = Mapping[str, Sequence[int]]
_LARGEST_SIDE = 1024  # pixels, that a file's positions may ask for by themselves
_AUXILIARY = {"googlenet", "inception_v3"}  # their second heads are left out by many who save them


@dataclass(frozen=True)
class Architecture:
    """A network's name as "torchvision/resnet18" or "timm/resnet18", and how its weights look.

    heads: the modules whose outputs count the classes, the main one first; others train it along (GoogLeNet, DeiT).
    stems: the convolutions that read the picture's channels.
    names, shapes: digests over the tensors outside the heads, the second also without the stems' weights.
    trunk: the same outside the whole module that the head is the last layer of, where people replace all of it.
    """

    key: str
    heads: tuple[str, ...]
    stems: tuple[str, ...]
    names: str
    shapes: str
    trunk: tuple[str, str] | None = None

    @property
    def body(self) -> tuple[str, str]:
        """The digests without what a head of one's own stands for."""
        return self.trunk or (self.names, self.shapes)


def body_digests(shapes: Shapes, heads: Iterable[str], stems: Iterable[str]) -> tuple[str, str]:
    """Digests of the names, and of the names with their shapes, of all tensors that neither heads nor stems decide."""
    stem_weights = {f"{stem}.weight" for stem in stems}
    outside = tuple(f"{head}." for head in heads)
    body = sorted(n for n in shapes if not n.startswith(outside) and not n.endswith("num_batches_tracked"))
    sized = (f"{name} {tuple(shapes[name])}" for name in body if name not in stem_weights)
    return _digest(body), _digest(sized)


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def build(key: str, classes: int, channels: int = 3, *, empty: bool = True, side: int | None = None) -> nn.Module:
    """The network with so many classes and input channels; `empty`: its tensors have shapes but no storage.

    side: of the square input in pixels, for networks that are built for one; None for their own.
    ModelError: no such architecture, or it cannot be built so.
    """
    import timm  # seconds to import: only when a network is wanted

    library, _, name = key.partition("/")
    options: dict[str, Any] = {"num_classes": classes}
    if side is not None:
        options["img_size" if library == "timm" else "image_size"] = side
    try:
        with torch.device("meta" if empty and not name.startswith("regnet_") else "cpu"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # both libraries tell of their own old names
            if library != "timm":
                return _torchvision(name, options, channels)
            network: nn.Module = timm.create_model(name, in_chans=channels, **options)
            return network
    except Exception as error:
        raise ModelError(
            f"{key} cannot be built with {classes} classes and {channels} input channels; choose another architecture."
        ) from error


def _torchvision(name: str, options: dict[str, Any], channels: int) -> nn.Module:
    name, _, variant = name.partition("+")
    extra = {"init_weights": False, "aux_logits": variant == "aux"} if name in _AUXILIARY else {}
    network: nn.Module = torchvision.models.get_model(name, weights=None, **options, **extra)
    if channels != 3:
        for stem in stems_of(network):
            _read_channels(network, stem, channels)
    return network


def _read_channels(network: nn.Module, name: str, channels: int) -> None:
    """Let a convolution read another number of channels, as those do who fine-tune on grey pictures."""
    old = network.get_submodule(name)
    if not isinstance(old, nn.Conv2d):
        raise ModelError(f"'{name}' is no convolution; this architecture reads three channels only.")
    old.in_channels = channels
    old.weight = nn.Parameter(old.weight.new_empty(old.out_channels, channels // old.groups, *old.kernel_size))


def stems_of(network: nn.Module) -> tuple[str, ...]:
    """The first convolution that reads three channels; none in networks that start otherwise."""
    found = (n for n, m in network.named_modules() if isinstance(m, nn.Conv2d) and m.in_channels == 3)
    return tuple(n for n in [next(found, None)] if n)


def place_of(entry: Architecture) -> str:
    """The module that a head of one's own stands for: the last layer, or all of what torchvision calls classifier."""
    return entry.heads[0].partition(".")[0] if entry.trunk else entry.heads[0]


@cache
def features_of(entry: Architecture) -> int:
    """How many numbers the head reads; 0 where it is no linear layer."""
    place = build(entry.key, 2).get_submodule(place_of(entry))
    return next((part.in_features for part in place.modules() if isinstance(part, nn.Linear)), 0)


def children_up_to(network: nn.Module, last: str) -> dict[str, nn.Module]:
    """The network's children by name, in order, up to and with the named one."""
    names = [name for name, _ in network.named_children()]
    return dict(list(network.named_children())[: names.index(last) + 1 if last in names else 0])


def with_input_side(entry: Architecture, shapes: Shapes) -> int | None:
    """The side of the square input for which the architecture has these shapes outside its heads; None for none.

    Only the number of positions may differ: (1, tokens, width) of a transformer.
    """
    own = _own_shapes(entry.key)
    odd = [name for name, shape in shapes.items() if name in own and tuple(shape) != own[name]]
    odd = [name for name in odd if name.removesuffix(".weight") not in entry.stems]
    patch = next((own[f"{stem}.weight"][-1] for stem in entry.stems if len(own.get(f"{stem}.weight", ())) == 4), 0)
    if len(odd) != 1 or "pos_embed" not in odd[0] or not patch or len(shapes[odd[0]]) != 3:
        return None
    for extra in (0, 1, 2):  # of class and distillation
        rows = math.isqrt(max(shapes[odd[0]][1] - extra, 0))
        side = rows * patch if rows * rows + extra == shapes[odd[0]][1] else 0
        if 0 < side <= _LARGEST_SIDE and _has(entry, side, shapes):
            return side
    return None


@cache
def _own_shapes(key: str) -> Shapes:
    return shapes_of(build(key, 2))


def _has(entry: Architecture, side: int, shapes: Shapes) -> bool:
    try:
        own = shapes_of(build(entry.key, 2, side=side))
    except ModelError:
        return False
    stems = {f"{stem}.weight" for stem in entry.stems}
    return all(own.get(name) == tuple(shape) for name, shape in shapes.items() if name not in stems)


def shapes_of(network: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


def describe(key: str) -> Architecture | None:
    """The index entry of an architecture, found by comparing it with itself at another number of classes."""
    shapes, other = (shapes_of(build(key, classes)) for classes in (10, 11))
    found = {name.rpartition(".")[0] for name in shapes if other.get(name) != shapes[name]}
    heads = tuple(sorted(found, key=lambda head: (head.lower().startswith("aux"), len(head), head)))
    if not heads:
        return None
    stems = _timm_stems(key, shapes) if key.startswith("timm/") else stems_of(build(key, 10))
    root = heads[0].partition(".")[0]
    nested = key.startswith("torchvision/") and root != heads[0] and not key.endswith("+aux")
    trunk = body_digests(shapes, (root,), stems) if nested else None
    return Architecture(key, heads, stems, *body_digests(shapes, heads, stems), trunk)


def _timm_stems(key: str, shapes: Shapes) -> tuple[str, ...]:
    try:
        grey = shapes_of(build(key, 10, channels=1))
    except ModelError:
        return ()
    return tuple(name.removesuffix(".weight") for name in shapes if tuple(shapes[name]) != grey.get(name))


@cache
def index() -> tuple[Architecture, ...]:
    """All architectures that can be recognised, torchvision's first."""
    entries: list[dict[str, Any]] = json.loads(INDEX.read_text("utf-8"), object_hook=_with_tuples)
    return tuple(Architecture(**entry) for entry in entries)


def _with_tuples(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}


def every_key() -> list[str]:
    import timm

    own = [
        f"torchvision/{name}{variant}"
        for name in torchvision.models.list_models(module=torchvision.models)
        for variant in (("", "+aux") if name in _AUXILIARY else ("",))
    ]
    return own + [f"timm/{name}" for name in timm.list_models()]


def main() -> None:
    found = []
    for key in every_key():
        try:
            entry = describe(key)
        except (ModelError, RuntimeError, NotImplementedError) as reason:
            print(f"left out {key}: {reason}", flush=True)
            continue
        if entry is not None:
            found.append({name: value for name, value in asdict(entry).items() if value is not None})
    INDEX.write_text("[\n" + ",\n".join(json.dumps(entry) for entry in found) + "\n]\n", "utf-8")
    print(f"{len(found)} architectures in {INDEX.name}")


if __name__ == "__main__":
    main()
