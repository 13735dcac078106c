"""The work that the first visitor shall not wait for."""

from __future__ import annotations

from importlib import import_module


def warm() -> None:
    """Import the library, torch with it; runs in a thread of its own while the server already answers."""
    import_module("xai_core")
