"""A folder of pictures as a data set."""

import os
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from xai_core.datasets.dataset import Dataset, DatasetLimits, check_count
from xai_core.datasets.listing import dataset_of, is_hidden, is_image, left_out
from xai_core.errors import ImageError
from xai_core.images.limits import Limits
from xai_core.images.raster import load_image
from xai_core.types import SourceImage


def open_folder(root: Path, name: str | None, limits: DatasetLimits) -> Dataset:
    """Every picture in the folder and below, one subfolder a class (`labelled` has the rule).

    Linked files are read, linked folders are not entered. digest: over path, size in bytes and time of last change in
    nanoseconds of each picture. ImageError: the folder cannot be read, holds no picture or too many.
    """
    title = f'The folder "{root}"'
    found: dict[str, tuple[int, int]] = {}
    others: Counter[str] = Counter()
    for path, entry in _files(root, title):
        if entry.is_dir():
            others["link"] += 1
        elif is_image(path):
            stat = entry.stat()
            found[path] = (stat.st_size, stat.st_mtime_ns)
            check_count(len(found), limits.max_items, title, "pictures")
        else:
            others["file"] += 1
    if not found:
        raise ImageError(f"{title} holds no picture; give a folder with one subfolder a class, or with pictures.")
    notes = (
        *left_out(others["file"], "file", "no picture by its name"),
        *left_out(others["link"], "linked folder", "links could lead in a circle"),
    )
    return dataset_of(name or root.resolve().name, found, partial(_read, root, limits.image), notes)


def _read(root: Path, limits: Limits, item: str) -> SourceImage:
    shown = item.encode(errors="replace").decode()  # a name that is no UTF-8 opens its file, but fits on no screen
    return load_image(root / item, name=shown, limits=limits)


def _files(root: Path, title: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Relative path and entry of all ordinary files and linked folders that are not hidden."""
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            entries = list(os.scandir(root / folder))
        except OSError as error:
            raise ImageError(f'{title} cannot be read at "{folder or "."}"; check its permissions.') from error
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if is_hidden(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path)
            elif _leads_somewhere(entry):
                yield path, entry


def _leads_somewhere(entry: os.DirEntry[str]) -> bool:
    """Whether it is a file or a folder: no pipe, no device, no link to nowhere or in a circle."""
    try:
        return entry.is_file() or entry.is_dir()
    except OSError:
        return False
