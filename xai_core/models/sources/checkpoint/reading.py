"""Tensors from a file that a stranger may have made: nothing in it is ever run."""

import argparse
import io
import zipfile
from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import Tensor

from xai_core.errors import ModelError
from xai_core.models.class_names import is_plain
from xai_core.models.sources.config_file import MAX_BYTES

_SAVE_AGAIN = (
    "Where you trained it, save the weights alone: torch.save(model.state_dict(), 'weights.pt'), and open that file."
)
# Reading torch.export's files falls back to pickle, which runs code; TorchScript's are programs, and their layers
# cannot be hooked in a copy of their own.
_PROGRAM = (
    "The file is a whole program (TorchScript or torch.export), which would have to be run to be read; it stays shut."
)
_AS_ONNX = (
    "Where you made it, write torch.onnx.export(model, (example,), 'model.onnx', external_data=False), and open that."
)
# What trainers keep beside the weights. They are plain containers: building one runs no code of the file's.
_HARMLESS: list[Any] = [argparse.Namespace, OrderedDict, defaultdict, dict, int, float, bool]
# Where trainers put the weights, the averaged ones first: those are what timm itself evaluates.
_PLACES = ("state_dict_ema", "model_ema", "ema_state_dict", "ema", "state_dict", "model_state_dict", "model")
_PREFIXES = ("module", "model", "_orig_mod", "ema_model", "ema", "net", "network", "backbone", "student")
_DEPTH = 3
_MOST_TENSORS = 100_000
_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_FLOAT8 = (torch.float8_e4m3fn, torch.float8_e4m3fnuz, torch.float8_e5m2, torch.float8_e5m2fnuz, torch.float8_e8m0fnu)
_WHOLE = (
    torch.bool,
    torch.uint8,
    torch.uint16,
    torch.uint32,
    torch.uint64,
    torch.int8,
    torch.int16,
    torch.int32,
    torch.int64,
)
_one_at_a_time = Lock()  # what torch allows in a file is set for the whole process; and two files' memory might not fit


@dataclass(frozen=True, eq=False)
class Weights:
    """tensors: by name, without the prefixes of wrappers. notes: what was done to get them, one sentence each."""

    tensors: Mapping[str, Tensor]
    notes: tuple[str, ...]


def read_weights(data: bytes) -> Weights:
    """The tensors of a .safetensors, .pt, .pth or .ckpt file, also from inside a trainer's checkpoint.

    ModelError: too large, damaged, needs code to be run, holds no tensors, ones of a special kind, more in them than in
    the file, or NaN.
    """
    if len(data) > MAX_BYTES:
        raise ModelError(
            f"The file has {len(data) / 1e9:.1f} GB; files of weights up to {MAX_BYTES / 1e9:.1f} GB open."
        )
    if _looks_like_safetensors(data):
        content: object = _read_safetensors(data)
    else:
        _refuse_bombs(data)
        content = _read_torch(data)
    found, notes = _without_prefixes(*_tensors_in(content))
    tensors, more = _ordinary(found, len(data))
    return Weights(tensors, (*notes, *more))


def read_safetensors(data: bytes) -> Mapping[str, Tensor]:
    """The tensors of a .safetensors file under their own names, under the same rules."""
    if not _looks_like_safetensors(data):
        raise ModelError("The file of weights is no safetensors file, the only kind that is read here.")
    return _ordinary(_read_safetensors(data), len(data))[0]


def _looks_like_safetensors(data: bytes) -> bool:
    """The format begins with the header's length in 8 bytes, and the header is JSON."""
    return len(data) > 9 and data[8:9] == b"{" and int.from_bytes(data[:8], "little") < len(data)


def _read_safetensors(data: bytes) -> dict[str, Tensor]:
    try:
        return load_safetensors(data)
    except KeyError as error:  # the types of numbers that the library knows and PyTorch does not
        raise ModelError(
            f"This safetensors file holds numbers of the type {str(error.args[0])[:20]}, which are not read; save the "
            "weights as ordinary floats, such as float32."
        ) from error
    except (SafetensorError, ValueError, RuntimeError, TypeError, AttributeError) as error:
        raise ModelError("This safetensors file is damaged or cut short; copy it again.") from error


def _refuse_bombs(data: bytes) -> None:
    """PyTorch stores without compression: a file that unpacks to much more than its size was made to do harm."""
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
            parts = {part for name in archive.namelist()[:10_000] for part in name.split("/")[1:2]}
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise ModelError("The file is damaged or cut short; copy it again.") from error
    if unpacked > 2 * len(data) + 2**20:
        raise ModelError(f"The file of {len(data) / 1e6:.0f} MB unpacks to {unpacked / 1e6:.0f} MB; it is refused.")
    if "code" in parts or {"models", "archive_format"} <= parts or "serialized_exported_program.json" in parts:
        raise ModelError(f"{_PROGRAM} {_AS_ONNX}")


def _read_torch(data: bytes) -> object:
    try:
        with _one_at_a_time, torch.serialization.safe_globals(_HARMLESS):
            return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:
        if "Weights only load failed" in str(error) and "GLOBAL" in str(error):
            raise ModelError(
                f"The file holds more than weights and could run code, so it stays shut. {_SAVE_AGAIN}"
            ) from error
        raise ModelError(
            "The file is no readable file of weights (.safetensors, .pt, .pth, .ckpt): damaged, or another format. "
            + _SAVE_AGAIN
        ) from error


def _tensors_in(content: object) -> tuple[dict[str, Tensor], list[str]]:
    """The largest table of named tensors, looking into the usual places first."""
    where, found = _search(content, (), _DEPTH, set())
    if not found:
        raise ModelError(f"The file holds no table of named weights. {_SAVE_AGAIN}")
    return found, [f"The weights were taken from '{'.'.join(where)}' in the file."] if where else []


def _search(
    content: object, where: tuple[str, ...], depth: int, seen: set[int]
) -> tuple[tuple[str, ...], dict[str, Tensor]]:
    """Each table is looked into once: a small file can hold one table a million times inside itself."""
    if not isinstance(content, Mapping) or id(content) in seen:
        return where, {}
    seen.add(id(content))
    own = {str(name): value.detach() for name, value in content.items() if isinstance(value, Tensor)}
    if own or depth == 0:
        return where, own
    inside = [_search(content[place], (*where, place), depth - 1, seen) for place in _PLACES if place in content]
    others = [item for item in content.items() if item[0] not in _PLACES and item[0] != "optimizer"]
    rest = [_search(value, (*where, str(name)), depth - 1, seen) for name, value in others]
    return next((f for f in inside if f[1]), max(rest, key=lambda found: len(found[1]), default=(where, {})))


def _without_prefixes(tensors: dict[str, Tensor], notes: list[str]) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """Names without what wrappers put before them; what stands outside the wrapper (losses, metrics) is left out."""
    while True:
        first = next((p for p in _PREFIXES if sum(n.startswith(f"{p}.") for n in tensors) > len(tensors) / 2), None)
        if first is None:
            return tensors, tuple(notes)
        inside = {n.removeprefix(f"{first}."): t for n, t in tensors.items() if n.startswith(f"{first}.")}
        notes.append(f"The prefix '{first}.' was taken off the names.")
        if len(inside) < len(tensors):
            left = sorted(set(tensors) - {f"{first}.{name}" for name in inside})
            several = "tensors outside it were" if len(left) > 1 else "tensor outside it was"
            notes.append(f"{len(left)} {several} left out: {', '.join(left[:3])}{' …' if len(left) > 3 else ''}.")
        tensors = inside


def _ordinary(tensors: Mapping[str, Tensor], held: int) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """The tensors as PyTorch computes with them, and what was done. held: bytes of the file.

    ModelError: names that no trainer gives, tensors of other kinds, more than the file holds, NaN.
    """
    if len(tensors) > _MOST_TENSORS:
        raise ModelError(f"The file holds {len(tensors)} tensors; up to {_MOST_TENSORS} are read.")
    for name, tensor in tensors.items():
        _refuse_kind(name, tensor)
    # One view under two names (tied weights) is one; views of one storage may overlap without an end.
    views = {_view(tensor): (name, tensor) for name, tensor in tensors.items()}
    claimed = sum(tensor.numel() * tensor.element_size() for _, tensor in views.values())
    if claimed > 2 * held + 2**20:
        raise ModelError(
            f"The tensors claim {claimed / 1e6:.0f} MB together, and the file has {held / 1e6:.0f} MB: they overlap as "
            "no trainer's do; it is refused."
        )
    numbers = sum(tensor.numel() for _, tensor in views.values())
    if 4 * numbers > 2 * MAX_BYTES:
        raise ModelError(
            f"The {numbers / 1e9:.1f} billion weights would take {4 * numbers / 1e9:.1f} GB to compute with; up to "
            f"{2 * MAX_BYTES / 1e9:.1f} GB are opened."
        )
    ready = {}
    for view, (name, tensor) in views.items():
        ready[view] = tensor.float() if tensor.dtype in _FLOAT8 else tensor
        if ready[view].is_floating_point() and not bool(torch.isfinite(ready[view]).all()):
            raise ModelError(f"'{name}' holds NaN or infinite weights: the training broke; take an earlier checkpoint.")
    small = any(tensor.dtype in _FLOAT8 for tensor in tensors.values())
    notes = ("The file's 8-bit floats were read as float32; what was trained in more bits answers a little otherwise.",)
    return {name: ready[_view(tensor)] for name, tensor in tensors.items()}, notes if small else ()


def _view(tensor: Tensor) -> tuple[object, ...]:
    return (tensor.data_ptr(), tensor.dtype, tuple(tensor.shape), tensor.stride())


def _refuse_kind(name: str, tensor: Tensor) -> None:
    if not is_plain(name):
        raise ModelError("The file names a tensor by a long or unprintable text, as no trainer does; it is refused.")
    if type(tensor) is not Tensor or tensor.is_nested or tensor.layout != torch.strided or tensor.is_quantized:
        raise ModelError(
            f"'{name}' is sparse, nested, quantised or of another special kind; save the weights as ordinary floats "
            "and open that file."
        )
    if tensor.is_meta:
        raise ModelError(
            f"'{name}' has a shape but no numbers (a meta tensor); save the weights after they were loaded."
        )
    if tensor.dtype not in (*_FLOATS, *_FLOAT8, *_WHOLE):
        kind = str(tensor.dtype).removeprefix("torch.")
        raise ModelError(
            f"'{name}' is {kind}, which is not read; save the weights as ordinary floats, such as float32."
        )
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise ModelError(f"'{name}' claims {tuple(tensor.shape)} but the file holds less; it is refused.")
