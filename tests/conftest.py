"""Settings that must stand before torch is imported, and the fixtures that tests of several folders share."""

import os
from collections import Counter

# The workers of a run take the cores: more threads in each, or such that spin while they wait, only take turns on them.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from tests.browsing import chromium, open_page, page, sightline, spare_tabs, start_server

__all__ = ["chromium", "open_page", "page", "sightline", "spare_tabs", "start_server"]


MAP = "tests/browser/map"


def shared_by(nodeid: str) -> str:
    """What goes to one worker: a file, or a folder of browser tests, as these share a server and a tab.

    Those of the Map stand by themselves: they take as long as all other pages.
    """
    path = nodeid.partition("::")[0]
    if not path.startswith("tests/browser/"):
        return path
    return MAP if path.startswith("tests/browser/test_map") else path.rpartition("/")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: servers and browsers are waited for now and then. Twice as many gain nothing."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    if config.getvalue("dist") != "loadfile":
        return None
    scheduling = LoadFileScheduling(config, log)
    scheduling._split_scope = shared_by  # type: ignore[method-assign]
    return scheduling


@pytest.hookimpl(trylast=True)  # without those that -m leaves out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long comes first, so that no worker is left with it at the end; what goes together stays together."""
    tenths: Counter[str] = Counter()  # of a second, roughly
    for item in items:
        unit = shared_by(item.nodeid)
        slow, browser = (item.get_closest_marker(name) for name in ("slow", "browser"))
        tenths[unit] += 600 if unit == MAP else 100 if slow else 10 if browser else 1
    items.sort(key=lambda item: (-tenths[shared_by(item.nodeid)], shared_by(item.nodeid)))
