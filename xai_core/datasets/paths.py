"""Paths that others have written: only those that stay inside their folder are followed."""

from __future__ import annotations

import re

_DRIVE = re.compile(r"[A-Za-z]:")


def safe_path(path: str) -> str | None:
    """The path with "/" between folders; None where it is empty, absolute, climbs or holds a zero byte."""
    path = path.replace("\\", "/")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or _DRIVE.match(path) or "\0" in path or ".." in parts or not parts:
        return None
    return "/".join(parts)
