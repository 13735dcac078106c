"""From paths to items: which are followed, which files are pictures, which folders classes; a listing's digest."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import takewhile
from pathlib import PurePosixPath

from xai_core.datasets.dataset import Dataset, DatasetItem
from xai_core.types import SourceImage

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".tif", ".tiff", ".bmp", ".gif"})
_DRIVE = re.compile(r"[A-Za-z]:")


def safe_path(path: str) -> str | None:
    """The path with "/" between folders; None where it is empty, absolute, climbs or holds a zero byte."""
    path = path.replace("\\", "/")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or _DRIVE.match(path) or "\0" in path or ".." in parts or not parts:
        return None
    return "/".join(parts)


def is_hidden(path: str) -> bool:
    """Whether the file or a folder above it is one that systems leave behind: .DS_Store, __MACOSX/._cat.png."""
    return any(part.startswith(".") or part == "__MACOSX" for part in path.split("/"))


def is_image(path: str) -> bool:
    """Whether the name ends as a picture's; what the file really holds is seen when it is read."""
    return PurePosixPath(path).suffix.lower() in SUFFIXES


def labelled(paths: Sequence[str]) -> tuple[tuple[DatasetItem, ...], tuple[str, ...]]:
    """Items in the order of their paths' code points, and the class names in theirs.

    A class is the first folder below those that all pictures share; folders inside it do not count, and a picture
    beside the classes has none. So a flat folder has no classes, also where a zip wraps it in a folder of its own.
    """
    shared = _shared_folders(paths)
    folders = {path: path.split("/")[shared:-1][:1] for path in sorted(paths)}
    names = sorted({name for first in folders.values() for name in first})
    index = {name: i for i, name in enumerate(names)}
    return tuple(DatasetItem(path, index[first[0]] if first else None) for path, first in folders.items()), tuple(names)


def dataset_of(
    name: str, found: Mapping[str, tuple[int, int]], read: Callable[[str], SourceImage], notes: Iterable[str]
) -> Dataset:
    """The pictures at these paths, with what tells the state of each (size and time, or a checksum), as a data set.

    digest: over paths and states.
    """
    items, class_names = labelled(list(found))
    digest = listing_digest((item.id, *found[item.id]) for item in items)
    return Dataset(name, items, class_names, digest, read, tuple(notes), state=found.__getitem__)


def _shared_folders(paths: Sequence[str]) -> int:
    """How many leading folders all paths have in common."""
    first, last = min(paths).split("/")[:-1], max(paths).split("/")[:-1]  # what these share, all between share too
    pairs = zip(first, last, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def listing_digest(facts: Iterable[tuple[object, ...]]) -> str:
    """SHA-256 hex over one tuple of facts an item (its id and what tells its state), in order."""
    digest = hashlib.sha256()
    for fact in facts:
        digest.update(repr(fact).encode("ascii", "backslashreplace") + b"\n")
    return digest.hexdigest()


def left_out(count: int, what: str, why: str) -> list[str]:
    """The note that says so, where there is something to say: "3 files are left out: ..."."""
    if not count:
        return []
    return [f"1 {what} is left out: {why}."] if count == 1 else [f"{count} {what}s are left out: {why}."]
