"""Where results of long work lie on this machine's disk."""

import os
import tempfile
from pathlib import Path

from xai_core.datasets import find_source
from xai_core.errors import SightlineError


def cache_folder(name: str) -> Path:
    """A folder of the cache that can be written, made if it is missing: that of SIGHTLINE_CACHE, else of the user's
    cache, else of the temporary files. SightlineError: there is none."""
    for root in _roots():
        folder = root / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    raise SightlineError("No folder can be written for the results; set SIGHTLINE_CACHE to one that can.")


def tables_folder(source: str) -> Path | None:
    """Where the tables of what networks make of pictures lie. source: of the pictures, a key of `datasets.catalog`.
    None for a visitor's own, which stay in memory: their small pictures must not outlive the visit on the disk."""
    return None if find_source(source).passing else cache_folder("tables")


def _roots() -> list[Path]:
    own, cache = os.environ.get("SIGHTLINE_CACHE"), os.environ.get("XDG_CACHE_HOME")
    if own:
        return [Path(own)]
    home = Path(cache) if cache else Path.home() / ".cache"
    return [home / "sightline", Path(tempfile.gettempdir()) / "sightline"]
