"""Pictures at hand, as bytes or already read, as a data set."""

from collections.abc import Sequence
from functools import partial
from hashlib import sha256

from xai_core.datasets.archive import open_zip
from xai_core.datasets.dataset import (
    DEFAULT_DATASET_LIMITS,
    Dataset,
    DatasetItem,
    DatasetLimits,
    DatasetSource,
    check_count,
)
from xai_core.datasets.listing import listing_digest
from xai_core.errors import ImageError
from xai_core.images.limits import Limits
from xai_core.images.raster import load_image
from xai_core.images.zip_entry import is_zip
from xai_core.types import SourceImage

Upload = SourceImage | tuple[str, bytes]


def open_uploads(
    uploads: Sequence[Upload], name: str | None = None, limits: DatasetLimits = DEFAULT_DATASET_LIMITS
) -> Dataset:
    """Pictures in the order given, without classes; a single zip, as (name, bytes), is opened as one.

    digest: over names and contents. ImageError: nothing given, or too much.
    """
    if not uploads:
        raise ImageError("No picture was given; give at least one, or a folder or a zip of pictures.")
    if len(uploads) == 1 and isinstance(uploads[0], tuple) and is_zip(uploads[0][1]):
        return open_zip(uploads[0][1], uploads[0][0], name, limits)
    check_count(len(uploads), limits.max_items, "The upload", "pictures")
    held = _named(uploads)
    digests = {
        item: sha256(upload[1]).hexdigest() if isinstance(upload, tuple) else upload.digest
        for item, upload in held.items()
    }
    return Dataset(
        name=name or "Uploaded pictures",
        items=tuple(DatasetItem(item, None) for item in held),
        class_names=(),
        digest=listing_digest(digests.items()),
        read=partial(_read, held, limits.image),
        state=lambda item: (digests[item],),
    )


def _named(uploads: Sequence[Upload]) -> dict[str, Upload]:
    """Each upload under a name of its own: "cat.png", "cat.png (2)"."""
    held: dict[str, Upload] = {}
    for upload in uploads:
        given = (upload[0] if isinstance(upload, tuple) else upload.name) or "picture"
        name, count = given, 1
        while name in held:
            count += 1
            name = f"{given} ({count})"
        held[name] = upload
    return held


def _read(held: dict[str, Upload], limits: Limits, item: str) -> SourceImage:
    upload = held[item]
    return load_image(upload[1], name=item, limits=limits) if isinstance(upload, tuple) else upload


SOURCE = DatasetSource(
    "uploads",
    "My pictures",
    "files",
    open_uploads,
    passing=True,
    wanted="Add pictures, or a zip with a folder for each class; then the map is drawn.",
)
