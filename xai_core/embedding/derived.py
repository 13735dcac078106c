"""What is derived from a table is kept beside it to save time, and is never needed: it can be made again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import IO

from xai_core.durable import write_file


def keep(path: Path | None, write: Callable[[IO[bytes]], object]) -> bool:
    """Whether it was written; not for a table in memory, one that was dropped meanwhile, or on a full disk."""
    if path is None or not path.parent.is_dir():
        return False
    try:
        write_file(path, write)
    except OSError:
        return False
    return True
