"""The work that the first visitor shall not wait for."""

from __future__ import annotations


def warm() -> None:
    """Import the library, torch with it, and load the default model: in its own thread, while the server answers."""
    from dashboard import cached  # not at the top: the import is the slow part

    cached.model(next(iter(cached.cards())))
