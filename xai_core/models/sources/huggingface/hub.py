"""A model of the HuggingFace hub by its name: first its size, and the files only where somebody asks for them."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from xai_core.errors import ModelError
from xai_core.fetching import Unreachable, pieces
from xai_core.models.class_names import as_prose
from xai_core.models.sources.config_file import MAX_BYTES
from xai_core.models.sources.huggingface.package import CONFIG, FILES, WEIGHTS, packed
from xai_core.types import ProgressCallback, no_progress

VARIABLE = "SIGHTLINE_HUB"  # another address than the hub's own, or "off"
_HUB = "https://huggingface.co"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?", re.ASCII)
_MOST_TEXT = 8 * 2**20  # bytes of what the hub says of a model


@dataclass(frozen=True)
class HubModel:
    """A model that the hub has. revision: the commit, so that what is fetched is what was shown.

    files: {name: (bytes, SHA-256 hex, "" where the hub does not say)}. licence: as the hub says it, "" for none.
    """

    name: str
    revision: str
    files: Mapping[str, tuple[int, str]]
    licence: str

    @property
    def size_bytes(self) -> int:
        return sum(size for size, _ in self.files.values())


def hub_address() -> str | None:
    """Where the hub is; None where the owner of this server has turned it off."""
    address = (os.environ.get(VARIABLE, "").strip() or _HUB).rstrip("/")
    return address if address.startswith(("https://", "http://")) else None


def look_up(name: str) -> HubModel:
    """What the hub says of a model; nothing but that is fetched.

    ModelError: no such name, a hub that does not answer, or a model without safetensors.
    """
    name = name.strip().removeprefix(f"{_HUB}/")
    if not _NAME.fullmatch(name) or ".." in name:
        raise ModelError(
            f"“{_plain(name)}” is no name of a model; write it as on the hub, such as microsoft/resnet-18."
        )
    told = _told(f"{_address()}/api/models/{quote(name)}?blobs=true", name)
    revision = told.get("sha")
    listed = told.get("siblings")
    if not isinstance(revision, str) or not re.fullmatch(r"[0-9a-f]{6,64}", revision) or not isinstance(listed, list):
        raise ModelError(f"The hub's answer about {name} cannot be read.")
    found = {entry.get("rfilename"): entry for entry in listed if isinstance(entry, dict)}
    for needed in (CONFIG, WEIGHTS):
        if needed not in found:
            raise ModelError(
                f"{name} has no {needed} on the hub; models with both config.json and model.safetensors are opened."
            )
    files = {file: _size(found[file]) for file in FILES if file in found}
    model = HubModel(name, revision, files, _licence(told))
    if model.size_bytes > MAX_BYTES:
        raise ModelError(f"{name} has {model.size_bytes / 1e9:.1f} GB; up to {MAX_BYTES / 1e9:.1f} GB are fetched.")
    return model


def fetch(model: HubModel, on_progress: ProgressCallback = no_progress) -> bytes:
    """The model's files as one zip. ModelError: they do not come, or not as the hub said.

    on_progress(done, total) in bytes; it may raise to stop.
    """
    done, got = 0, {}
    for file, (size, digest) in model.files.items():
        url = f"{_address()}/{quote(model.name)}/resolve/{model.revision}/{file}"
        try:
            data = _content(url, size, on_progress, done, model.size_bytes)
        except Unreachable as error:
            raise ModelError(f"{file} of {model.name} was not fetched: {error}.") from error
        if len(data) != size or (digest and hashlib.sha256(data).hexdigest() != digest):
            raise ModelError(f"{file} of {model.name} came otherwise than the hub said; try again.")
        done += size
        got[file] = data
    return packed(got)


def _address() -> str:
    address = hub_address()
    if address is None:
        raise ModelError(f"Models of the hub are turned off on this server ({VARIABLE}).")
    return address


def _content(
    url: str, most: int, on_progress: ProgressCallback = no_progress, before: int = 0, total: int = 0
) -> bytes:
    """What lies at an address, and no more than the first piece beyond `most` bytes.

    before, total: bytes that came before, and in all, as on_progress counts them. Unreachable: it does not come.
    """
    data = bytearray()
    with closing(pieces(url)) as coming:
        for piece in coming:
            data += piece
            if len(data) > most:
                break
            on_progress(before + len(data), total)
    return bytes(data)


def _told(url: str, name: str) -> Mapping[str, Any]:
    try:
        data = _content(url, _MOST_TEXT)
        if len(data) > _MOST_TEXT:
            raise ModelError(f"The hub's answer about {name} is too long.")
        told = json.loads(data)
    except Unreachable as error:
        raise ModelError(f"The hub does not give {name}: {error}.") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"The hub's answer about {name} cannot be read.") from error
    if not isinstance(told, dict):
        raise ModelError(f"The hub's answer about {name} cannot be read.")
    return told


def _size(entry: Mapping[str, Any]) -> tuple[int, str]:
    large = entry.get("lfs")
    large = large if isinstance(large, dict) else {}
    size, digest = large.get("size", entry.get("size")), large.get("sha256", "")
    if type(size) is not int or size < 0 or not isinstance(digest, str):
        raise ModelError("The hub does not say how large the model's files are; they are not fetched.")
    return size, digest


def _licence(told: Mapping[str, Any]) -> str:
    card = told.get("cardData")
    licence = card.get("license") if isinstance(card, dict) else None
    return _plain(licence) if isinstance(licence, str) else ""


def _plain(text: str) -> str:
    return as_prose(text)[:80]
