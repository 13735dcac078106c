"""Settings that must stand before torch is imported, and the fixtures that tests of several folders share."""

import os

# Threads that spin while they wait make small runs several times slower on a busy machine.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import pytest

from tests.browsing import chromium, open_page, page, sightline, spare_tabs, start_server

__all__ = ["chromium", "open_page", "page", "sightline", "spare_tabs", "start_server"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long come first, so that no worker is left with one at the end; a file stays together."""
    weights: dict[object, int] = {}
    for item in items:
        weight = 2 if item.get_closest_marker("slow") else 1 if item.get_closest_marker("browser") else 0
        weights[item.path] = max(weight, weights.get(item.path, 0))
    items.sort(key=lambda item: -weights[item.path])
