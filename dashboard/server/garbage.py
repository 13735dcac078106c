"""Garbage, collected once for all visitors every few seconds.

Streamlit would do it after each run of a page (`runner.postScriptGC`, off in .streamlit/config.toml): with all pages'
libraries loaded that costs 50 ms and more, thrice as much as the page, and nobody else runs meanwhile.
"""

import gc
import time
from threading import Event, Thread

EVERY_S = 5.0
_wanted = Event()


def collect_soon() -> None:
    """A page has run: what it left behind goes within EVERY_S."""
    _wanted.set()


def start_collecting() -> None:
    """Collect from now on, in a thread of its own; where no page runs, nothing is done."""
    Thread(target=_collect, name="garbage", daemon=True).start()


def _collect() -> None:
    while _wanted.wait():
        time.sleep(EVERY_S)
        _wanted.clear()
        gc.collect()
