"""A zip of pictures as a data set: entries are read one at a time and nothing is ever unpacked to the disk."""

import stat
import zipfile
from collections import Counter
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path

from xai_core.datasets.dataset import Dataset, DatasetLimits, check_count
from xai_core.datasets.listed import MAX_BYTES, with_list
from xai_core.datasets.listing import dataset_of, is_hidden, is_image, left_out, safe_path
from xai_core.errors import ImageError
from xai_core.images.limits import Limits, check_bytes
from xai_core.images.raster import load_image
from xai_core.images.refusals import label_of
from xai_core.images.zip_entry import entries, unpacked
from xai_core.types import SourceImage

_WHY = {
    "file": ("file", "no picture by its name"),
    "unsafe": ("entry with an unsafe path", "it is absolute or leads out of the zip"),
    "link": ("link", "links are not followed"),
    "twice": ("entry", "a later one has the same path"),
}


def open_zip(source: Path | bytes, file_name: str, name: str | None, limits: DatasetLimits) -> Dataset:
    """Every picture in the zip, one folder a class (`labelled` has the rule), or as the only CSV in it tells.

    digest: over path, size and CRC-32 of each picture, so a copy of the file has the same. ImageError: damaged,
    without a picture, or more than the limits allow.
    """
    title = label_of(file_name)
    if isinstance(source, bytes):
        check_count(entries(source), limits.max_zip_entries, title, "entries")
    try:
        archive = zipfile.ZipFile(BytesIO(source) if isinstance(source, bytes) else source)
    except Exception as error:  # a damaged directory makes it raise anything
        raise ImageError(f"{title} is no zip that can be read; make it again.") from error
    check_count(len(archive.infolist()), limits.max_zip_entries, title, "entries")
    found, lists, others = _images(archive)
    if len(lists) > 1:
        others["file"] += len(lists)
    check_count(len(found), limits.max_items, title, "pictures")
    if not found:
        raise ImageError(f"{title} holds no picture; give a zip with one folder a class, or with pictures.")
    size = sum(info.file_size for info in found.values())
    if size > limits.max_zip_bytes:
        most = limits.max_zip_bytes // 1_000_000
        raise ImageError(f"{title} unpacks to {size // 1_000_000:,} MB; at most {most:,} MB are read, so split it.")
    dataset = dataset_of(
        name or Path(file_name).stem,
        {path: (info.file_size, info.CRC) for path, info in found.items()},
        partial(_read, archive, found, limits.image),
        (note for kind, (what, why) in _WHY.items() for note in left_out(others[kind], what, why)),
    )
    return dataset if len(lists) != 1 else _with_list(dataset, archive, next(iter(lists.items())), limits)


def _with_list(
    dataset: Dataset, archive: zipfile.ZipFile, entry: tuple[str, zipfile.ZipInfo], limits: DatasetLimits
) -> Dataset:
    path, info = entry
    title = label_of(path)
    read = partial(_entry_bytes, archive, info, title, replace(limits.image, max_bytes=MAX_BYTES))
    return with_list(dataset, read, path.rpartition("/")[0], title, limits.max_items)


def _images(
    archive: zipfile.ZipFile,
) -> tuple[dict[str, zipfile.ZipInfo], dict[str, zipfile.ZipInfo], Counter[str]]:
    """The entries that are pictures and those that are lists, by safe path; how many others there are of each kind in
    `_WHY`."""
    found: dict[str, zipfile.ZipInfo] = {}
    lists: dict[str, zipfile.ZipInfo] = {}
    others: Counter[str] = Counter()
    for info in archive.infolist():
        path = safe_path(info.filename)
        if info.is_dir() or (path and is_hidden(path)):
            continue
        if path is None:
            others["unsafe"] += 1
        elif stat.S_ISLNK(info.external_attr >> 16):
            others["link"] += 1
        elif path.lower().endswith(".csv"):
            lists[path] = info
        elif not is_image(path):
            others["file"] += 1
        else:
            others["twice"] += path in found
            found[path] = info
    return found, lists, others


def _read(archive: zipfile.ZipFile, found: dict[str, zipfile.ZipInfo], limits: Limits, item: str) -> SourceImage:
    return load_image(_entry_bytes(archive, found[item], label_of(item), limits), name=item, limits=limits)


def _entry_bytes(archive: zipfile.ZipFile, info: zipfile.ZipInfo, label: str, limits: Limits) -> bytes:
    """The unpacked entry; what it claims to hold is checked before reading, and no more than the limit is read."""
    check_bytes(info.file_size, label, limits)
    return unpacked(archive, info, label, limits.max_bytes)
