"""How much a data set may hold, checked before any picture is read."""

from __future__ import annotations

from dataclasses import dataclass

from xai_core.errors import ImageError
from xai_core.images.limits import DEFAULT_LIMITS, Limits


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
