"""Reads a Keras file that a stranger may have made, a zip (.keras) or HDF5 (.h5): a script for a process of its own.

`limited_process` runs it with limited memory and time, so that whatever the file does ends this process and no other.
The file comes on standard input; on standard output goes an npz: the configuration as text, a table of the weights and
the arrays a0, a1, ..., or a sentence that says why not. Nothing is unpacked to the disk, no link is followed. Imports
nothing of the project.
"""

import io
import json
import sys
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np

MOST_PARTS = 50_000  # groups and arrays of a file
MOST_TEXT = 64 * 2**20  # bytes of a configuration
SAVE = "In Keras write model.save('model.keras'), and open that file."


class Refused(Exception):
    """Carries the sentence for the user."""


def read(data: bytes) -> dict[str, Any]:
    """{"config", "version": text, "table": JSON of [path, layer, number] of each array, "a0", ...}.

    Of an .h5 file also "orders": JSON of {layer: names of its weights}.
    """
    if data[:4] == b"PK\x03\x04":
        return _of_archive(data)
    if data[:8] == b"\x89HDF\r\n\x1a\n":
        return _of_hdf5(data)
    raise Refused(f"The file is no readable Keras file: damaged, or another format. {SAVE}")


def _of_archive(data: bytes) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            sizes = {entry.filename: entry.file_size for entry in archive.infolist()[:1000]}
            if "model.weights.json" in sizes:
                raise Refused("The weights lie in several files, which are not read; save the model without shards.")
            if not {"config.json", "model.weights.h5"} <= sizes.keys():
                raise Refused(f"The archive holds no config.json and model.weights.h5, so it is no Keras file. {SAVE}")
            if sum(sizes.values()) > 2 * len(data) + 2**20:
                unpacked = sum(sizes.values()) / 1e6
                raise Refused(f"The file of {len(data) / 1e6:.0f} MB unpacks to {unpacked:.0f} MB; it is refused.")
            config, weights = _entry(archive, "config.json"), _entry(archive, "model.weights.h5")
            told = json.loads(_entry(archive, "metadata.json")) if "metadata.json" in sizes else {}
    except (zipfile.BadZipFile, zlib.error, ValueError, RuntimeError, OSError, EOFError) as error:
        raise Refused("The file is damaged or cut short; copy it again.") from error
    if len(config) > MOST_TEXT:
        raise Refused("The network's configuration is too large; it is refused.")
    version = told.get("keras_version") if isinstance(told, dict) else None
    with _opened(weights) as file:
        table, arrays = _weights(file, len(weights), skipped=("optimizer",))
    found = {"config": config.decode(errors="replace"), "version": str(version or "3")[:20]}
    return {**found, "table": json.dumps(table), **arrays}


def _entry(archive: zipfile.ZipFile, name: str) -> bytes:
    """An entry, never more of it than the archive says that it has."""
    with archive.open(name) as file:
        return file.read(archive.getinfo(name).file_size)


def _of_hdf5(data: bytes) -> dict[str, Any]:
    with _opened(data) as file:
        config = _text(file, "model_config")
        if config is None:
            raise Refused(f"The file holds weights but not the network that they belong to. {SAVE}")
        if len(config) > MOST_TEXT:
            raise Refused("The network's configuration is too large; it is refused.")
        root = _child(file, "model_weights")
        if not isinstance(root, h5py.Group):
            raise Refused(f"The file holds a network without its weights. {SAVE}")
        table, arrays = _weights(root, len(data), skipped=())
        version = _text(file, "keras_version") or _text(root, "keras_version") or "2"
        found = {"config": config, "version": version[:20], "orders": json.dumps(_orders(root))}
    return {**found, "table": json.dumps(table), **arrays}


def _opened(data: bytes) -> h5py.File:
    try:
        return h5py.File(io.BytesIO(data), "r")
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise Refused("The file's HDF5 is damaged or cut short; copy it again.") from error


def _text(part: h5py.Group, name: str) -> str | None:
    """An attribute that is one text; None for none."""
    if name not in part.attrs:
        return None
    value = part.attrs[name]
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value if isinstance(value, str) else None


def _texts(part: h5py.Group, name: str) -> list[str]:
    """An attribute that is a list of texts; Keras cuts long ones into name0, name1, ..."""
    names = [name] if name in part.attrs else []
    while not names or (names[0] != name and f"{name}{len(names)}" in part.attrs):
        if f"{name}{len(names)}" not in part.attrs:
            break
        names.append(f"{name}{len(names)}")
    values = [value for one in names for value in np.asarray(part.attrs[one]).reshape(-1)[:MOST_PARTS].tolist()]
    return [value.decode(errors="replace") if isinstance(value, bytes) else str(value) for value in values]


def _child(group: h5py.Group, name: str) -> h5py.Group | h5py.Dataset | None:
    """A part that lies in the group itself; links to other places and files are refused unseen."""
    link = group.get(name, getlink=True)
    if link is None:
        return None
    if not isinstance(link, h5py.HardLink):
        raise Refused("The file links to another file or place, which is never followed; save the model again.")
    return group[name]


def _parts(group: h5py.Group, path: str, seen: set[object], skipped: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Every group and array below with its path, each once."""
    address = h5py.h5o.get_info(group.id).addr
    if address in seen or len(seen) > MOST_PARTS or path.count("/") > 100:
        raise Refused("The file's groups hold each other, or are too many; it is refused.")
    seen.add(address)
    yield path, group
    for name in group:
        if not path and name in skipped:
            continue
        part = _child(group, name)
        inner = f"{path}/{name}" if path else name
        if isinstance(part, h5py.Group):
            yield from _parts(part, inner, seen, skipped)
        elif isinstance(part, h5py.Dataset):
            seen.add(inner)
            yield inner, part


def _weights(root: h5py.Group, size: int, skipped: tuple[str, ...]) -> tuple[list[Any], dict[str, np.ndarray]]:
    """[path of the array, name of the layer where its group tells it, number], and the arrays by number."""
    table: list[Any] = []
    arrays: dict[str, np.ndarray] = {}
    claimed = 0
    try:
        names: dict[str, str] = {}
        for path, part in _parts(root, "", set(), skipped):
            if isinstance(part, h5py.Group):
                names[path] = _text(part, "name") or ""
                continue
            claimed += _checked(path, part)
            if claimed > 2 * size + 2**20:
                raise Refused("The file's arrays claim more numbers than the file holds; it is refused.")
            arrays[f"a{len(table)}"] = part[()]
            table.append((path, names.get(path.rpartition("/")[0], ""), len(table)))
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        raise Refused("The file's HDF5 is damaged or cut short; copy it again.") from error
    return table, arrays


def _checked(path: str, array: h5py.Dataset) -> int:
    """The bytes of an ordinary array of numbers."""
    if array.is_virtual or array.external:
        raise Refused("The file keeps numbers in another file, which is never followed; save the model again.")
    if array.dtype.kind not in "fiu" or array.dtype.itemsize > 8 or array.shape is None:
        raise Refused(f"'{_plain(path)}' is no array of ordinary numbers; save the model in float32.")
    return int(np.prod(array.shape, dtype=object)) * int(array.dtype.itemsize) if array.shape else 8


def _orders(root: h5py.Group) -> dict[str, list[str]]:
    """{layer: names of its weights in their order}."""
    layers = {name: _child(root, name) for name in root}
    return {name: _texts(part, "weight_names") for name, part in layers.items() if isinstance(part, h5py.Group)}


def _plain(text: str) -> str:
    return "".join(c for c in text if c.isprintable() and c not in "[]<>`*$\\")[-80:]


def main() -> None:
    try:
        found = read(sys.stdin.buffer.read())
    except Refused as refused:
        found = {"refused": np.array(str(refused))}
    except MemoryError:
        found = {"refused": np.array("MEMORY")}
    file = io.BytesIO()
    np.savez(file, **{name: np.asarray(value) for name, value in found.items()})  # type: ignore[arg-type]
    sys.stdout.buffer.write(file.getbuffer())


if __name__ == "__main__":
    main()
