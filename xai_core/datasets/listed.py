"""A CSV of paths and labels as a data set: on the disk beside its pictures, or inside a zip of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from xai_core.datasets.columns import MAX_BYTES, ImageList, columns_of, read_list
from xai_core.datasets.dataset import Dataset, DatasetItem
from xai_core.datasets.limits import DatasetLimits
from xai_core.datasets.listing import labelled, listing_digest
from xai_core.errors import ImageError
from xai_core.images.limits import Limits
from xai_core.images.raster import load_image
from xai_core.types import SourceImage

State = Callable[[str], tuple[object, ...]]


def open_list(path: Path, name: str | None, limits: DatasetLimits) -> Dataset:
    """The pictures that a CSV names, relative to its own folder; other columns are kept (`Dataset.columns`).

    A line whose path leads out of the folder or to nothing is left out, which the notes tell. Without a column of
    labels the folders are the classes. digest: over the CSV and path, size and time of last change of each picture.
    ImageError: as `read_list`, or none of the pictures is there.
    """
    title, root = f'The list "{path}"', path.parent
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ImageError(f"{title} cannot be read; check its permissions.") from error
    listed = read_list(data, title, limits.max_items)
    found = _present(root, listed)
    if not found:
        raise ImageError(f"{title} names no picture that is there; paths count from the list's own folder.")
    items, class_names = items_of(listed, found)
    return Dataset(
        name=name or path.stem,
        items=items,
        class_names=class_names,
        digest=listing_digest([(list_digest(data),), *((item.id, *found[item.id]) for item in items)]),
        read=partial(_read, root.resolve(), limits.image),
        notes=listed.notes(),
        state=found.__getitem__,
        columns=columns_of(listed, [item.id for item in items]),
    )


def with_list(dataset: Dataset, read: Callable[[], bytes], folder: str, title: str, most: int) -> Dataset:
    """A zip's pictures as a CSV among them tells. read: the CSV's bytes; folder: where it stands, "" for the top.

    With a column of labels the list decides which pictures count and what they are; without one it only adds columns.
    A CSV that cannot be read or names none of the pictures changes nothing, and a note says so.
    """
    try:
        data = read()
        listed = read_list(data, title, most)
    except ImageError as error:
        return replace(dataset, notes=(*dataset.notes, f"The list was not used. {error}"))
    listed = _moved(listed, folder)
    held = {item.id for item in dataset.items}
    named = [path for path in listed.rows if path in held]
    if not named:
        return replace(dataset, notes=(*dataset.notes, f"{title} was not used: it names none of the pictures."))
    listed.others["missing"] += len(listed.rows) - len(named)
    items, class_names = (dataset.items, dataset.class_names) if listed.label is None else items_of(listed, named)
    return replace(
        dataset,
        items=items,
        class_names=class_names,
        digest=listing_digest([(list_digest(data),), (dataset.digest,)]),
        notes=(*dataset.notes, *listed.notes()),
        columns=columns_of(listed, [item.id for item in items]),
    )


def items_of(
    listed: ImageList, paths: Sequence[str] | Mapping[str, object]
) -> tuple[tuple[DatasetItem, ...], tuple[str, ...]]:
    """Items and class names: by the list's labels, else by folders (`labelled` has the rule)."""
    if listed.label is None:
        return labelled(list(paths))
    names = tuple(sorted({listed.class_of(path) for path in paths} - {""}))
    index = {name: i for i, name in enumerate(names)}
    return tuple(DatasetItem(path, index.get(listed.class_of(path))) for path in sorted(paths)), names


def list_digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _moved(listed: ImageList, folder: str) -> ImageList:
    """The same list with paths from the top of the zip."""
    return replace(listed, rows={f"{folder}/{path}" if folder else path: row for path, row in listed.rows.items()})


def _present(root: Path, listed: ImageList) -> dict[str, tuple[int, int]]:
    """Size and time of last change of each picture that is there and inside the list's folder."""
    found, home = {}, root.resolve()
    for path in listed.rows:
        try:
            file = (home / path).resolve()
            stat = file.stat()
        except OSError:
            listed.others["missing"] += 1
            continue
        if not file.is_relative_to(home):  # a link leads out
            listed.others["unsafe"] += 1
        elif file.is_file():
            found[path] = (stat.st_size, stat.st_mtime_ns)
        else:
            listed.others["missing"] += 1
    return found


def _read(root: Path, limits: Limits, item: str) -> SourceImage:
    return load_image(root / item, name=item, limits=limits)
