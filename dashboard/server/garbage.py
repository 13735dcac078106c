"""Garbage, collected once for all visitors every few seconds.

Streamlit would do it after each run of a page (`runner.postScriptGC`, off in .streamlit/config.toml): with all pages'
libraries loaded that costs 50 ms and more, thrice as much as the page, and nobody else runs meanwhile.
"""

import asyncio
import gc
import time
from threading import Event, Thread
from typing import Any

from streamlit import runtime

EVERY_S = 5.0
ENDED_EVERY_S = 10.0
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


async def forget_ended_visits() -> None:
    """Let visits go that have ended, from now on, in the server's own loop, where Streamlit begins and ends them.

    Streamlit keeps what a visit holds for two minutes after its last tab has closed, in case it comes back, and then
    until the next tab of anybody closes; and its loop holds on to the visit that it served last. On a quiet server a
    scan would lie in memory all night.
    """
    while True:
        await asyncio.sleep(ENDED_EVERY_S)
        if runtime.exists():
            _let_go(runtime.get_instance())


def _let_go(server: Any) -> None:
    kept = server._session_mgr._session_storage._cache
    ended = [info.session for name, info in kept._data.items() if name not in kept]  # there, and its time is over
    for session in ended:
        session.shutdown()
        session.session_state.clear()
    if ended:
        len(kept)  # to be counted, it drops them
        collect_soon()
