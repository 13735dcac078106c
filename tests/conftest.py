"""Settings that must stand before torch is imported, and the fixtures that tests of several folders share."""

import os

# Threads that spin while they wait make small runs several times slower on a busy machine.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from tests.browsing import chromium, open_page, page, sightline, spare_tabs, start_server

__all__ = ["chromium", "open_page", "page", "sightline", "spare_tabs", "start_server"]
