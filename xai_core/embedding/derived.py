"""What is derived from a table is kept beside it to save time, and is never needed: it can be made again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import IO

from xai_core.durable import write_sealed


def meaning_of(path: Path) -> str:
    """What a file of a view is: its name, and the view's, which no other state of the data has."""
    return f"{path.parent.name}/{path.name}"


def keep(path: Path | None, write: Callable[[IO[bytes]], object]) -> bool:
    """Whether it was written; not for a table in memory, one that was dropped meanwhile, or on a full disk."""
    if path is None or not path.parent.is_dir():
        return False
    try:
        write_sealed(path, meaning_of(path), write)
    except OSError:
        return False
    return True
