"""Where the shared photographs and scans lie: beside the checkout, never in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def shared(folder: str) -> Path:
    """A folder of the shared data; the test is skipped where it is missing, but fails where CI is set."""
    found = SHARED / folder
    if not found.is_dir():
        message = f"shared data '{folder}' is not beside the checkout"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return found


def cases(folder: str) -> Path:
    """A folder of small files that other frameworks made, under the same rule."""
    found = SHARED.parent / "cases" / folder
    if not found.is_dir():
        message = f"shared cases '{folder}' are not beside the checkout"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return found


def photographs() -> list[Path]:
    """167 photographs, the ImageNet class id first in each name."""
    return sorted(shared("photos").glob("*.JPEG"))
