"""Whether the person at the browser sits at the server's own machine, and so may name, and write into, its folders."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import TypeVar

import streamlit as st

from dashboard.core.configuration import read_only
from xai_core.errors import ImageError

Opened = TypeVar("Opened")

_FORWARDED = ("X-Forwarded-For", "X-Real-Ip", "Forwarded", "Via")


def is_local() -> bool:
    """Whether the server listens to this machine alone and nothing has passed the request on from elsewhere; never in
    read-only mode."""
    return not read_only() and _loopback(st.get_option("server.address") or "") and not _from_elsewhere()


def _from_elsewhere() -> bool:
    headers = st.context.headers
    if any(name in headers for name in _FORWARDED):
        return True
    host = headers.get("Host", "localhost")
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    return not _loopback(name.strip("[]")) or st.context.ip_address is not None  # None: this machine


def _loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def open_local_folder(text: str, open_path: Callable[[Path], Opened]) -> Opened:
    """What `open_path` makes of a folder of this machine, or of a CSV in it, from what a person has typed; never from
    a link.

    ImageError: the server is open to other machines, or the path is no whole one, neither of them or cannot be read.
    """
    if not is_local():
        raise ImageError(
            "Folders can be named only at the machine that runs Sightline, while it serves nobody else; "
            "upload the pictures or a zip instead."
        )
    if "\0" in text:
        raise ImageError("The path holds a character that no path can have; copy it again.")
    try:
        path = Path(text.strip().strip("\"'")).expanduser()
    except RuntimeError as error:
        raise ImageError(f'The home folder in "{text[:200]}" is not known; give the whole path.') from error
    if not path.is_absolute():
        raise ImageError(f'"{text[:200]}" is no whole path; give one that starts with / or ~, or with a drive.')
    if not _is_folder_or_list(path):
        raise ImageError(f'There is no folder and no CSV file "{text[:200]}" on this machine; check the path.')
    return open_path(path)


def _is_folder_or_list(path: Path) -> bool:
    try:
        return path.is_dir() or (path.suffix.lower() == ".csv" and path.is_file())
    except OSError:  # too long a name, or a folder above it that may not be entered
        return False
