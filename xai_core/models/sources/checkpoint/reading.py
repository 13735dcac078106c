"""Tensors from a file that a stranger may have made: nothing in it is ever run."""

from __future__ import annotations

import argparse
import io
import re
import zipfile
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any, Self

import torch
from safetensors.torch import load as load_safetensors
from torch import Tensor

from xai_core.errors import ModelError
from xai_core.models.class_names import is_plain
from xai_core.models.sources.checkpoint.kept_names import kept_names
from xai_core.models.sources.checkpoint.reparametrised import plain_weights
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
# NumPy's figures, paths and dates are read as nothing at all, instead of by NumPy's own code.
_LEFT_OUT = (
    *(f"{home}.multiarray.{name}" for home in ("numpy.core", "numpy._core") for name in ("scalar", "_reconstruct")),
    *("numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer", "numpy.dtype", "numpy.ndarray"),
    *(f"{home}.{kind}" for home in ("pathlib", "pathlib._local") for kind in ("PosixPath", "WindowsPath")),
    *(f"{home}.Pure{kind}" for home in ("pathlib", "pathlib._local") for kind in ("PosixPath", "WindowsPath")),
    *(f"datetime.{kind}" for kind in ("datetime", "date", "timedelta", "timezone")),
)
# A table with nearly as many tensors as the largest is another state of the network: averaged ones go first, since
# those are what timm itself evaluates.
_NEARLY = 0.9
_AVERAGED = re.compile(r"(^|[._])(ema|swa|averaged?|averaging|shadow|teacher)([._]|$)|^ema|ema$")
_USUAL = ("state_dict", "model_state_dict", "model", "module", "net", "student", "current_model_state")
_NO_WEIGHTS = re.compile(r"optim|^opt$|sched|scaler|^lr_")
_DEPTH = 4
_MOST_TABLES = 10_000  # that are looked into
_MOST_TENSORS = 100_000
_FEWEST = 4  # tensors of a network that may have a twin
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


class _LeftOut:
    """In place of an object that no answer depends on; whatever the file says of it is dropped."""

    def __new__(cls, *_given: object) -> Self:
        return super().__new__(cls)

    def __setstate__(self, _state: object) -> None:
        pass


@dataclass(frozen=True, eq=False)
class Weights:
    """tensors: by name, as the file has them. notes: what was done to get them, one sentence each.

    names: lists of class names that lay beside them. table: where in the file they were, "" for the top. tables: the
    other states of the same network in the file, such as averaged ones, and how to take one instead.
    """

    tensors: Mapping[str, Tensor]
    notes: tuple[str, ...]
    names: tuple[tuple[str, ...], ...] = ()
    table: str = ""
    tables: Mapping[str, Callable[[], Weights]] = field(default_factory=dict)


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
    tables = _states(content)
    if not tables:
        raise ModelError(f"The file holds no table of named weights. {_SAVE_AGAIN}")
    return _taken(next(iter(tables)), tables, kept_names(content), len(data))


def _taken(
    table: str, tables: Mapping[str, dict[str, Tensor]], names: tuple[tuple[str, ...], ...], held: int
) -> Weights:
    stored, more = _ordinary(tables[table], held)
    tensors, computed = plain_weights(stored)
    others = {other: partial(_taken, other, tables, names, held) for other in tables} if len(tables) > 1 else {}
    said = [f"The weights were taken from '{table}' in the file."] if table else []
    rest = [f"'{other}'" for other in tables if other != table]
    said += [f"It holds as many in {' and '.join(rest)}, which can be taken instead."] if rest else []
    return Weights(tensors, (*said, *more, *filter(None, [computed])), names, table, others)


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
    except MemoryError:
        raise
    except Exception as error:
        raise ModelError("This safetensors file is damaged or cut short; copy it again.") from error


def _refuse_bombs(data: bytes) -> None:
    """PyTorch stores without compression: a file that unpacks to much more than its size was made to do harm."""
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
            parts = {part for name in archive.namelist()[:10_000] for part in name.split("/")[1:2]}
    except Exception as error:
        raise ModelError("The file is damaged or cut short; copy it again.") from error
    if unpacked > 2 * len(data) + 2**20:
        raise ModelError(f"The file of {len(data) / 1e6:.0f} MB unpacks to {unpacked / 1e6:.0f} MB; it is refused.")
    if "code" in parts or {"models", "archive_format"} <= parts or "serialized_exported_program.json" in parts:
        raise ModelError(f"{_PROGRAM} {_AS_ONNX}")


def _read_torch(data: bytes) -> object:
    try:
        with _one_at_a_time, torch.serialization.safe_globals([*_HARMLESS, *((_LeftOut, name) for name in _LEFT_OUT)]):
            return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:
        if "Weights only load failed" in str(error) and "GLOBAL" in str(error):
            raise ModelError(
                f"The file holds more than weights and could run code, so it stays shut. {_SAVE_AGAIN}"
            ) from error
        raise ModelError(
            "The file is no readable file of weights (.safetensors, .pt, .pth, .ckpt): damaged, or another format. "
            + _SAVE_AGAIN
        ) from error


def _states(content: object) -> dict[str, dict[str, Tensor]]:
    """The largest table of named tensors, and those of nearly its size: averaged weights first, then usual places."""
    found = {".".join(where): table for where, table in _tables(content) if table}
    most = max(map(len, found.values()), default=0)
    large = {where: table for where, table in found.items() if len(table) >= _NEARLY * most}
    apart = {place: state for where, table in large.items() for place, state in _twins(where, table).items()}
    order = sorted(apart, key=lambda where: (not _AVERAGED.search(where), _usual(where)))
    return {where: apart[where] for where in order}


def _usual(where: str) -> int:
    last = where.rpartition(".")[2]
    return _USUAL.index(last) if last in _USUAL else len(_USUAL)


def _tables(content: object) -> Iterator[tuple[tuple[str, ...], dict[str, Tensor]]]:
    """Each table is looked into once: a small file can hold one table a million times inside itself."""
    waiting: deque[tuple[tuple[str, ...], object]] = deque([((), content)])
    seen: set[int] = set()
    while waiting and len(seen) < _MOST_TABLES:
        where, table = waiting.popleft()
        if not isinstance(table, Mapping) or id(table) in seen:
            continue
        seen.add(id(table))
        yield where, {str(name): value.detach() for name, value in table.items() if isinstance(value, Tensor)}
        if len(where) < _DEPTH:
            waiting += [
                ((*where, str(name)), value) for name, value in table.items() if not _NO_WEIGHTS.search(str(name))
            ]


def _twins(where: str, table: dict[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """Two states of one network under two first names of one table, such as model.* and ema_model.*, by themselves."""
    below: dict[str, dict[str, Tensor]] = {}
    for name, tensor in table.items():
        first, _, rest = name.partition(".")
        below.setdefault(first, {})[rest.removeprefix("module.")] = tensor
    most = max(map(len, below.values()))
    alike = [first for first, inside in below.items() if len(inside) >= _NEARLY * most]
    if len(alike) != 2 or most < _FEWEST or not any(map(_AVERAGED.search, alike)):
        return {where: table}
    if {n: t.shape for n, t in below[alike[0]].items()} != {n: t.shape for n, t in below[alike[1]].items()}:
        return {where: table}
    beside = {name: tensor for name, tensor in table.items() if name.partition(".")[0] not in alike}
    return {f"{where}.{first}".strip("."): below[first] | beside for first in alike}


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
