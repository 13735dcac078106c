"""Settings that must stand before torch is imported, and the fixtures that tests of several folders share."""

import os
from collections import Counter
from pathlib import Path

# The workers of a run take the cores: more threads in each, or such that spin while they wait, only take turns on them.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest

from tests.browsing import chromium, open_page, page, sightline, spare_tabs, start_server

__all__ = ["chromium", "open_page", "page", "sightline", "spare_tabs", "start_server"]


@pytest.hookimpl(trylast=True)  # without those that -m leaves out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long come first, so that no worker is left with one at the end; a file stays together."""
    tenths: Counter[Path] = Counter()  # of a second, roughly
    for item in items:
        tenths[item.path] += 100 if item.get_closest_marker("slow") else 10 if item.get_closest_marker("browser") else 1
    items.sort(key=lambda item: -tenths[item.path])
