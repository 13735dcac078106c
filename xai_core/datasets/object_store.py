"""Pictures under an address such as s3://bucket/folder or gs://bucket/folder as a data set, read one at a time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from xai_core.datasets.dataset import Dataset, DatasetLimits, check_count
from xai_core.datasets.listing import dataset_of, is_hidden, is_image, left_out
from xai_core.errors import ImageError
from xai_core.images.limits import Limits, check_bytes
from xai_core.images.raster import load_image
from xai_core.images.refusals import label_of
from xai_core.types import SourceImage

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

REMOTE_LIMITS = DatasetLimits(max_items=200_000_000)


def open_object_store(address: str, *, name: str | None = None, limits: DatasetLimits = REMOTE_LIMITS) -> Dataset:
    """Every picture at the address and below, one folder a class (`labelled` has the rule).

    address: what Arrow's file systems understand (s3, gs, abfs, hdfs, file); keys come from the environment, as for its
    own tools. digest: over path, size and time of last change. ImageError: it cannot be read, or holds no picture.
    """
    import pyarrow as pa  # only who asks for an address needs it here
    from pyarrow import fs

    title = f'The address "{address}"'
    try:
        system, root = fs.FileSystem.from_uri(address)
        listed = system.get_file_info(fs.FileSelector(root, recursive=True))
    except (OSError, ValueError, pa.ArrowException) as error:
        raise ImageError(f"{title} cannot be read; check its spelling and your right to read it.") from error
    found: dict[str, tuple[int, int]] = {}
    others = 0
    for info in listed:
        path = info.path.removeprefix(root).lstrip("/")
        if not info.is_file or is_hidden(path):
            continue
        if is_image(path):
            found[path] = (info.size, info.mtime_ns or 0)
        else:
            others += 1
    check_count(len(found), limits.max_items, title, "pictures")
    if not found:
        raise ImageError(f"{title} holds no picture; give one with a folder for each class, or with pictures.")
    title = name or root.rstrip("/").rsplit("/", 1)[-1]
    notes = left_out(others, "file", "no picture by its name")
    return dataset_of(title, found, partial(_read, system, root, limits.image), notes)


def _read(system: FileSystem, root: str, limits: Limits, item: str) -> SourceImage:
    label = label_of(item)
    try:
        with system.open_input_file(f"{root.rstrip('/')}/{item}") as file:
            check_bytes(file.size(), label, limits)
            data = file.read()
    except OSError as error:
        raise ImageError(f"{label} cannot be read from its store; check that it is still there.") from error
    return load_image(data, name=item, limits=limits)
