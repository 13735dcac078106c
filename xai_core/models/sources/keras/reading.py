"""The configuration and the weights of a Keras file, after a process of its own has read it."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from xai_core.errors import ModelError
from xai_core.models.class_names import as_prose
from xai_core.models.sources.limited_process import Limits, run_limited

MAX_BYTES = 1024**3  # of a file
MEMORY = 4 * 1024**3  # bytes that reading it may take
SECONDS = 120
_PROBE = Path(__file__).with_name("probe.py")
_RANDOM = "seed_generator"  # the state of random numbers in training
_DEEPEST = 100


@dataclass(frozen=True)
class Place:
    """Where a layer stands. names: from the outermost model's layer inwards. path: the same as archives write it."""

    names: tuple[str, ...]
    path: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class KerasFile:
    """config: of the whole network, {"class_name", "config"}. major: of the Keras that wrote it.

    arrays: by their path in the file. owners: the layer of an array's group, where the file says it. orders: of an .h5
    file, {layer: names of its weights}; None for an archive. used: the paths whose weights a layer has taken.
    """

    config: Mapping[str, Any]
    major: int
    arrays: Mapping[str, Tensor]
    owners: Mapping[str, str]
    orders: Mapping[str, Sequence[str]] | None
    used: set[str] = field(default_factory=set)

    def weights(self, place: Place) -> tuple[Tensor, ...]:
        """A layer's weights in Keras's own order. ModelError: the file has those of another layer there."""
        paths = self._in_archive(place) if self.orders is None else _in_hdf5(self.orders, place)
        for path in paths:
            if path not in self.arrays:
                raise ModelError(f"The file lacks weights of the layer '{_plain(place.names[-1])}'; save it again.")
        self.used.update(paths)
        return tuple(self.arrays[path] for path in paths)

    def _in_archive(self, place: Place) -> list[str]:
        for holder in ("layers", "_layer_checkpoint_dependencies"):  # as Keras 2.12 to 2.15 called it
            group = "/".join(f"{holder}/{part}" for part in place.path) + "/vars/"
            found = [path for path in (f"{group}{i}" for i in range(16)) if path in self.arrays]
            if found:
                owner = self.owners[found[0]]
                if owner and owner != place.names[-1]:
                    raise ModelError(f"The file keeps '{_plain(owner)}' where '{_plain(place.names[-1])}' should be.")
                return found
        return []

    def refuse_unused(self) -> None:
        """ModelError where the file has weights that no layer of the network took."""
        left = [p for p in self.arrays if p not in self.used and _RANDOM not in p]
        if left:
            raise ModelError(
                f"The file holds weights that its layers do not tell of ('{_plain(left[0])}'); export it to ONNX."
            )


def read_keras(data: bytes) -> KerasFile:
    """The checked content of a .keras or .h5 file. ModelError: broken, hostile, no network, NaN, or beyond limits."""
    if len(data) > MAX_BYTES:
        raise ModelError(f"The file has {len(data) / 1e9:.1f} GB; Keras files up to {MAX_BYTES / 1e9:.1f} GB open.")
    found = run_limited(_PROBE, data, Limits(MEMORY, SECONDS, "Reading the file"))
    table = json.loads(str(found["table"]))
    arrays = {path: _tensor(path, found[f"a{number}"]) for path, _, number in table}
    owners = {path: owner for path, owner, _ in table}
    orders = json.loads(str(found["orders"])) if "orders" in found else None
    major = str(found["version"]).partition(".")[0]
    return KerasFile(_config(str(found["config"])), int(major) if major.isdigit() else 3, arrays, owners, orders)


def _config(text: str) -> Mapping[str, Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError("The network's configuration is damaged; save the model again.") from error
    if not isinstance(content, dict) or not isinstance(content.get("config"), dict | list):
        raise ModelError("The file's configuration describes no network; save the whole model.")
    _refuse_depth(content)
    return content


def _refuse_depth(content: object) -> None:
    level: list[Any] = [content]
    for _ in range(_DEEPEST):
        holders = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        level = [inner for holder in holders for inner in holder]
        if not level:
            return
    raise ModelError(f"The network's configuration is nested more than {_DEEPEST} deep; it is refused.")


def _tensor(path: str, values: Any) -> Tensor:
    tensor = torch.from_numpy(values)
    tensor = tensor.float() if tensor.is_floating_point() else tensor
    if tensor.is_floating_point() and not math.isfinite(float(tensor.sum())) and not bool(tensor.isfinite().all()):
        raise ModelError(f"'{_plain(path)}' holds NaN or infinite weights: the training broke; take an earlier model.")
    return tensor


def _in_hdf5(orders: Mapping[str, Sequence[str]], place: Place) -> list[str]:
    """The paths of a layer's weights: all of a layer of the outermost model, else those under the layer's own name."""
    group = place.names[0]
    names = list(orders.get(group, ()))
    for depth in range(1, len(place.names)):
        under = "/" + "/".join(place.names[-depth:])
        fitting = [name for name in names if f"/{name}".rpartition("/")[0].endswith(under)]
        if len({name.rpartition("/")[2] for name in fitting}) == len(fitting):  # else two layers of that name
            names = fitting
            break
    return [f"{group}/{name}" for name in names]


def _plain(text: str) -> str:
    return as_prose(text)[-80:]
