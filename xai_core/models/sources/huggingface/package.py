"""The files that stand together on the HuggingFace hub: configuration, preparation of pictures, weights."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xai_core.errors import ModelError
from xai_core.models.sources.config_file import MAX_BYTES

CONFIG, PREPARATION, WEIGHTS = "config.json", "preprocessor_config.json", "model.safetensors"
FILES = (CONFIG, PREPARATION, WEIGHTS)
_MOST_TEXT = 16 * 2**20  # bytes of a configuration
_PICKLES = ("pytorch_model.bin", "tf_model.h5", "flax_model.msgpack")


@dataclass(frozen=True, eq=False)
class Package:
    """config: what config.json says. preparation: the same of preprocessor_config.json, None without one.

    weights: the bytes of model.safetensors.
    """

    config: Mapping[str, Any]
    preparation: Mapping[str, Any] | None
    weights: bytes


def package_of(data: bytes) -> Package:
    """The package of a zip, whose files may lie in one folder. ModelError: damaged, hostile, or files are missing."""
    if len(data) > MAX_BYTES:
        raise ModelError(f"The file has {len(data) / 1e9:.1f} GB; zips up to {MAX_BYTES / 1e9:.1f} GB open.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            unpacked = sum(entry.file_size for entry in entries)
            if unpacked > 2 * len(data) + 2**22:
                raise ModelError(
                    f"The file of {len(data) / 1e6:.0f} MB unpacks to {unpacked / 1e6:.0f} MB; it is refused."
                )
            folder = _folder([entry.filename for entry in entries[:10_000]])
            sizes = {e.filename.removeprefix(folder): e.file_size for e in entries if e.filename.startswith(folder)}
            return _package(sizes, lambda name: _entry(archive, folder + name, sizes[name]))
    except (zipfile.BadZipFile, zlib.error, ValueError, RuntimeError, OSError, EOFError) as error:
        raise ModelError("The zip is damaged or cut short; copy it again.") from error


def package_in(folder: Path) -> Package:
    """The package of a folder on this machine."""
    try:
        sizes = {path.name: path.stat().st_size for path in folder.iterdir() if path.is_file()}
        return _package(sizes, lambda name: (folder / name).read_bytes())
    except OSError as error:
        raise ModelError(f"{folder.name} cannot be read ({error.strerror}); check its path.") from error


def packed(files: Mapping[str, bytes]) -> bytes:
    """The files as one zip, without compression."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def _folder(names: Sequence[str]) -> str:
    """Where the configuration lies: "" or a folder with its stroke, the shortest one."""
    found = [name.removesuffix(CONFIG) for name in names if name == CONFIG or name.endswith(f"/{CONFIG}")]
    return min(found, key=len, default="")


def _entry(archive: zipfile.ZipFile, name: str, size: int) -> bytes:
    """An entry, never more of it than the archive says that it has."""
    with archive.open(name) as file:
        return file.read(size)


def _package(sizes: Mapping[str, int], read: Callable[[str], bytes]) -> Package:
    if CONFIG not in sizes:
        raise ModelError(f"There is no {CONFIG} beside the weights, which says what the network is; add it.")
    if WEIGHTS not in sizes:
        if f"{WEIGHTS}.index.json" in sizes:
            raise ModelError(f"The weights lie in several files; save them as one: {_SAVE}")
        if any(name in sizes for name in _PICKLES):
            raise ModelError(f"Weights are read from {WEIGHTS} only, as other files can run code: {_SAVE}")
        raise ModelError(f"There is no {WEIGHTS} beside {CONFIG}; add it.")
    if sizes[WEIGHTS] > MAX_BYTES:
        raise ModelError(f"The weights have {sizes[WEIGHTS] / 1e9:.1f} GB; up to {MAX_BYTES / 1e9:.1f} GB are read.")
    preparation = _table(read(PREPARATION), PREPARATION) if 0 < sizes.get(PREPARATION, 0) < _MOST_TEXT else None
    if sizes[CONFIG] > _MOST_TEXT:
        raise ModelError(f"The {CONFIG} is too large; it is refused.")
    return Package(_table(read(CONFIG), CONFIG), preparation, read(WEIGHTS))


_SAVE = "model.save_pretrained('folder', max_shard_size='10GB'), with a recent transformers."


def _table(data: bytes, name: str) -> Mapping[str, Any]:
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"The {name} is damaged; copy it again.") from error
    if not isinstance(content, dict):
        raise ModelError(f"The {name} is no table of settings; copy it again.")
    return content
