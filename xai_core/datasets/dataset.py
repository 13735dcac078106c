"""A data set: which pictures there are, what they are called and how each is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from PIL import Image

from xai_core.errors import ImageError
from xai_core.images.display import display_pixels
from xai_core.images.limits import DEFAULT_LIMITS, Limits
from xai_core.types import SourceImage


@dataclass(frozen=True)
class DatasetLimits:
    """max_items: pictures. max_zip_bytes: of a zip's pictures, unpacked. image: of each picture alone.

    max_zip_entries: what a zip may list, pictures or not.
    """

    max_items: int = 1_000_000
    max_zip_entries: int = 200_000
    max_zip_bytes: int = 50_000_000_000
    image: Limits = DEFAULT_LIMITS


DEFAULT_DATASET_LIMITS = DatasetLimits()


def check_count(count: int, most: int, title: str, what: str) -> None:
    """Raise ImageError for a data set that holds more than it may."""
    if count > most:
        raise ImageError(f"{title} holds more than {most:,} {what}; split it into smaller parts.")


@dataclass(frozen=True, slots=True)
class DatasetItem:
    """id: the picture's path within the data set, "/" between folders. label: index of its class, None without one."""

    id: str
    label: int | None


@dataclass(frozen=True, eq=False)
class Dataset:
    """Pictures in a fixed order, read only when asked for.

    class_names: what the labels stand for. notes: what was left out of the listing, one sentence each.
    digest: SHA-256 hex over what tells one state of the data from another; each source says what that is.
    read: from an item's id to the picture; `load` is the way to call it.
    state: from an item's id to what changes with its picture (size and time, a checksum); None: `digest` alone tells.
    columns: what else a list told of the pictures, {name: (n,) float64 with NaN, or text}; `digest` covers it.
    """

    name: str
    items: tuple[DatasetItem, ...]
    class_names: tuple[str, ...]
    digest: str
    read: Callable[[str], SourceImage]
    notes: tuple[str, ...] = ()
    state: Callable[[str], tuple[object, ...]] | None = None
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.items)

    def load(self, index: int) -> SourceImage:
        """The picture; ImageError says why where it is damaged, gone or too large."""
        return self.read(self.items[index].id)

    def thumbnail(self, index: int, side: int = 96) -> np.ndarray:
        """The picture as uint8 (h, w, 3), shrunk so that neither side exceeds `side`; ImageError as `load`."""
        image = Image.fromarray(display_pixels(self.load(index)))
        image.thumbnail((side, side), Image.Resampling.BICUBIC)
        return np.asarray(image)

    def class_name(self, index: int) -> str | None:
        """The name of the picture's class, None without one."""
        label = self.items[index].label
        return None if label is None else self.class_names[label]


@dataclass(frozen=True)
class DatasetSource:
    """Pictures that can be chosen to search, map or audit; `catalog.SOURCES` lists them.

    gives: what a person must give: nothing, since it is bundled and a link may name it; files; a path on the machine
    that runs the dashboard; or the name of one of several sets, which may have to be downloaded.
    open: from what was given (for a set: its name and the folder of all of them); ImageError.
    quick: whether any network has looked at all of them within a moment. model: key of the one that was made for them,
    which is chosen with them and is quick.
    passing: whether they are a visitor's own, so that nothing of them may outlive the visit on the disk.
    tray: what the tray of single pictures calls (item id, index); None where a chosen one becomes an upload.
    wanted: the sentence that asks for pictures where a page shows nothing without them.
    """

    key: str
    title: str
    gives: Literal["nothing", "files", "path", "name"]
    open: Callable[..., Dataset]
    quick: bool = False
    model: str | None = None
    passing: bool = False
    tray: Callable[[str, int], str] | None = None
    wanted: str = ""
