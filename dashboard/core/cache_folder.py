"""Where results of long work lie on this machine's disk, and which of them go when they grow too many."""

import logging
import os
import re
import tempfile
from pathlib import Path
from typing import Literal, get_args

from dashboard.core.configuration import GB, cache_limit
from xai_core.datasets import find_source
from xai_core.datasets.published import PUBLISHED
from xai_core.durable import GOING, remove_unused
from xai_core.errors import SightlineError

Area = Literal["tables", "patches", "audits", "sets"]
_AREAS: tuple[Area, ...] = get_args(Area)
_OURS = re.compile(
    rf"([0-9a-f]{{24,64}}|({'|'.join(map(re.escape, PUBLISHED))})(\.partial)?)(\.[0-9a-f]{{8}}{re.escape(GOING)})?"
)
_log = logging.getLogger("sightline")


def cache_folder(name: Area) -> Path:
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


def keep_within_limit() -> list[Path]:
    """Remove the results that were not used for the longest time until all take no more than SIGHTLINE_CACHE_GB, but
    none that is being used; which were removed. What is not ours is neither counted nor touched."""
    found = [(*_size_and_use(folder), folder) for root in _roots() for folder in _results(root)]
    total, limit, gone = sum(size for size, _, _ in found), cache_limit(), []
    for size, _, folder in sorted(found, key=lambda one: one[1]):
        if total > limit and remove_unused(folder):
            total -= size
            gone.append(folder)
    if gone:
        _log.info("The cache was over its limit; %d results that nobody used went.", len(gone))
    if total > limit:
        _log.warning("The cache takes %.1f GB, more than SIGHTLINE_CACHE_GB, and all of it is in use.", total / GB)
    return gone


def _results(root: Path) -> list[Path]:
    """One folder each: they go as a whole."""
    areas = [root / area for area in _AREAS if (root / area).is_dir()]
    return [path for area in areas for path in area.iterdir() if _OURS.fullmatch(path.name) and path.is_dir()]


def _size_and_use(folder: Path) -> tuple[int, float]:
    """Bytes of the files below, and when one of them was written or marked as used last."""
    size, last = 0, 0.0
    for below, _, names in os.walk(folder):
        for name in names:
            try:
                told = os.lstat(os.path.join(below, name))
            except OSError:  # it has gone meanwhile
                continue
            size, last = size + told.st_size, max(last, told.st_mtime)
    return size, last


def _roots() -> list[Path]:
    own, cache = os.environ.get("SIGHTLINE_CACHE"), os.environ.get("XDG_CACHE_HOME")
    if own:
        return [Path(own)]
    home = Path(cache) if cache else Path.home() / ".cache"
    return [home / "sightline", Path(tempfile.gettempdir()) / "sightline"]
